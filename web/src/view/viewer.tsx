/** The picture with its tools, one pane or several side by side. */

import { useSignal } from "@preact/signals";
import { FITTED } from "../pixels/viewport";
import { brushIn, mostBrushIn, setBrush } from "../state/brush";
import { redo, undo } from "../state/correcting";
import { isSentence } from "../state/layer";
import type { Opened } from "../state/opened";
import { lostWords } from "../state/patience";
import { areMasksHidden, isComparing, type Tool, tool } from "../state/store";
import { IconButton, type IconName } from "./icon";
import { Pane } from "./pane";
import { OpenButtons } from "./start";
import { StatusLine } from "./status";

const TOOLS: readonly [Tool, IconName, string, string][] = [
  ["move", "move", "Move and zoom", "V"],
  ["level", "level", "Brightness and contrast", "W"],
  ["brush", "brush", "Brush", "B"],
  ["eraser", "eraser", "Eraser", "E"],
  ["fill", "fill", "Fill or clear an area", "F"],
];
const MOST_PANES = 6;

export function Viewer({ opened }: { opened: Opened }) {
  const pointer = useSignal<readonly [number, number] | null>(null);
  const sentences = opened.layers.value.filter(isSentence);
  const isSplit = isComparing.value && sentences.length > 1;
  const panes = isSplit ? sentences.slice(0, MOST_PANES) : [null];
  return (
    <section class="viewer" aria-label="Picture">
      <h1 class="unseen">{opened.info.value.name}</h1>
      <Toolbar opened={opened} />
      <div class="panes" data-panes={panes.length}>
        {panes.map((layer) => (
          <Pane
            key={`${opened.key} ${layer?.id ?? "all"}`}
            opened={opened}
            only={layer?.id ?? null}
            pointer={pointer}
            caption={layer?.text ?? null}
          />
        ))}
      </div>
      {opened.isLost.value && (
        <div class="lost" role="alert">
          <p>{lostWords(opened)}</p>
          <OpenButtons />
        </div>
      )}
      <StatusLine opened={opened} pointer={pointer} />
    </section>
  );
}

/** As it was when it was opened. */
export function fitWhole(opened: Opened): void {
  opened.view.value = FITTED;
  opened.level.value = null;
}

function Toolbar({ opened }: { opened: Opened }) {
  const isPainting = tool.value === "brush" || tool.value === "eraser";
  return (
    <div class="toolbar" role="toolbar" aria-label="Tools">
      {TOOLS.map(([name, icon, label, key]) => (
        <IconButton
          key={name}
          icon={icon}
          label={label}
          hint={key}
          isPressed={tool.value === name}
          onClick={() => {
            tool.value = name;
          }}
        />
      ))}
      {isPainting && (
        <label class="brush-size" title="Size of the brush ([ and ])">
          <span class="unseen">Size of the brush</span>
          <input
            type="range"
            min="1"
            max={mostBrushIn(opened)}
            value={brushIn(opened)}
            onInput={(event) => setBrush(opened, event.currentTarget.valueAsNumber)}
          />
          <output>{brushIn(opened)} px</output>
        </label>
      )}
      <span class="gap" />
      <IconButton
        icon="undo"
        label="Undo"
        hint="Ctrl+Z"
        isDisabled={!opened.undo.canUndo.value}
        onClick={() => undo(opened)}
      />
      <IconButton
        icon="redo"
        label="Redo"
        hint="Ctrl+Shift+Z"
        isDisabled={!opened.undo.canRedo.value}
        onClick={() => redo(opened)}
      />
      <span class="gap" />
      <IconButton
        icon="fit"
        label="Fit the whole picture"
        hint="0"
        onClick={() => fitWhole(opened)}
      />
      <IconButton
        icon={areMasksHidden.value ? "hidden" : "eye"}
        label="Hide all masks"
        hint="H"
        isPressed={areMasksHidden.value}
        onClick={() => {
          areMasksHidden.value = !areMasksHidden.value;
        }}
      />
      <IconButton
        icon="compare"
        label="Compare sentences side by side"
        hint="C"
        isPressed={isComparing.value}
        onClick={() => {
          isComparing.value = !isComparing.value;
        }}
      />
    </div>
  );
}
