/** The page's own drawings, so that no font or picture is fetched. */

const PATHS = {
  move: "M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5",
  level: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M12 8h7.6M12 12h9M12 16h7.6",
  brush:
    "M20 4 10.5 13.5M8.5 14a3 3 0 0 0-3 3c0 2-1.5 3-2.5 3 1 1 2.5 1.5 4 1.5a4 4 0 0 0 4-4 3.5 3.5 0 0 0-2.5-3.5z",
  eraser:
    "m8 20-4.2-4.2a1.5 1.5 0 0 1 0-2.1L13.7 3.8a1.5 1.5 0 0 1 2.1 0l4.4 4.4a1.5 1.5 0 0 1 0 2.1L10.5 20zM8.5 9l6.5 6.5M8 20h12",
  fill: "m4 11 7-7 8 8-7.3 7.3a1.5 1.5 0 0 1-2.1 0L4 13.6a1.8 1.8 0 0 1 0-2.6zM4 12h15M8.5 2.5l3 3M20.5 15s1.8 2.3 1.8 3.6a1.8 1.8 0 0 1-3.6 0c0-1.3 1.8-3.6 1.8-3.6z",
  undo: "M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "m16 5 4 4-4 4M20 9H10a6 6 0 0 0 0 12h3",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  eye: "M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  hidden:
    "M3 3l18 18M10.6 5.2A9.8 9.8 0 0 1 12 5c6.4 0 10 7 10 7a17 17 0 0 1-3.2 4M6.5 6.7A16.5 16.5 0 0 0 2 12s3.6 7 10 7a9.7 9.7 0 0 0 5.2-1.6M9.9 9.9a3 3 0 0 0 4.2 4.2",
  compare: "M4 5h7v14H4zM13 5h7v14h-7z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.3a2.6 2.6 0 0 1 5 .9c0 1.8-2.5 2.2-2.5 3.8M12 17v.2",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  open: "M12 16V4M7.5 8.5 12 4l4.5 4.5M4 15v4a1.5 1.5 0 0 0 1.5 1.5h13A1.5 1.5 0 0 0 20 19v-4",
  save: "M12 4v12M7.5 11.5 12 16l4.5-4.5M4 18v1a1.5 1.5 0 0 0 1.5 1.5h13A1.5 1.5 0 0 0 20 19v-1",
  warn: "M12 4 2.8 20h18.4zM12 10v4.5M12 17.3v.2",
  folder:
    "M3 7a1.5 1.5 0 0 1 1.5-1.5H9l2 2.5h8.5A1.5 1.5 0 0 1 21 9.5V18a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 18z",
  before: "m14.5 5-7 7 7 7",
  after: "m9.5 5 7 7-7 7",
  done: "m5 12.5 4.5 4.5L19 7.5",
  layers: "m12 3 9 5-9 5-9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A button that shows a drawing and says its name. */
export function IconButton(props: {
  icon: IconName;
  label: string;
  hint?: string;
  onClick: () => void;
  isPressed?: boolean;
  isDisabled?: boolean;
  class?: string;
}) {
  const { icon, label, hint, onClick, isPressed, isDisabled } = props;
  return (
    <button
      type="button"
      class={`icon-button ${props.class ?? ""}`}
      aria-label={label}
      title={hint ? `${label} (${hint})` : label}
      aria-pressed={isPressed}
      disabled={isDisabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
