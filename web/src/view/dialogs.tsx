/** Sheets over the page: the keys, and the question for the server's key. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { keepKey } from "../server/api";
import { isHelpOpen, model, needsKey } from "../state/store";
import { Icon } from "./icon";

const KEYS: readonly [string, string][] = [
  ["/", "to the sentence"],
  ["Esc", "from the sentence to the picture"],
  ["N", "another sentence"],
  ["1 … 9", "choose a layer"],
  ["H", "hide or show all masks"],
  ["O", "fill, outline or both"],
  ["C", "compare side by side"],
  ["V  W", "move · brightness"],
  ["B  E  F", "brush · eraser · fill"],
  ["[  ]", "smaller or larger brush"],
  ["Arrows", "move the picture, or the brush (Shift: ten pixels)"],
  ["Space", "paint under the brush; hold it and move to draw"],
  ["Ctrl+Z", "undo; with Shift: redo"],
  ["+  −  0", "zoom in, out, fit"],
  ["Page ↑ ↓", "slices of a volume"],
  [",  .", "the picture before, the next one"],
  ["D", "this picture is done (or not)"],
  ["L", "list of all pictures"],
  ["T", "dark or light"],
  ["?", "this sheet"],
];

export function Sheet(props: { label: string; onClose: () => void; children: ComponentChildren }) {
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    sheet.current?.showModal();
  }, []);
  return (
    <dialog ref={sheet} aria-label={props.label} onClose={props.onClose}>
      {props.children}
    </dialog>
  );
}

export function Help() {
  if (!isHelpOpen.value) return null;
  const close = () => {
    isHelpOpen.value = false;
  };
  return (
    <Sheet label="Keys and help" onClose={close}>
      <div class="card-head">
        <h2>Keys</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        With the mouse: wheel zooms (in a volume it turns slices, with Ctrl it zooms), right button
        drags brightness, middle button moves. With fingers: pinch and move.
      </p>
      <p class="hint">
        Model: {model.value?.name ?? "…"}. {model.value?.note} <a href="api">The server’s API</a>
      </p>
    </Sheet>
  );
}

export function KeyPrompt({ onKey }: { onKey: () => void }) {
  if (!needsKey.value) return null;
  return (
    <Sheet
      label="Key"
      onClose={() => {
        needsKey.value = false;
      }}
    >
      <h2>This server asks for a key</h2>
      <p class="hint">
        Whoever started lingseg was shown it. It is kept in this tab until you close it.
      </p>
      <form
        class="command"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget).get("key");
          if (typeof given !== "string" || !given.trim()) return;
          keepKey(given.trim());
          needsKey.value = false;
          onKey();
        }}
      >
        <input name="key" type="password" autocomplete="off" aria-label="Key" required />
        <button type="submit" class="primary">
          Go on
        </button>
      </form>
    </Sheet>
  );
}
