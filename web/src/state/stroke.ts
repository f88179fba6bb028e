/** Brush and fill. A stroke is a draft until it ends: no move of the hand waits for the page. */

import { drawStroke, type Filled, fillFrom } from "../pixels/drawing";
import { union } from "../pixels/rect";
import { copyMask, type Mask } from "../pixels/runs";
import { brushIn } from "./brush";
import { blankOf, correct, correctionOf, startOf } from "./correcting";
import type { Layer } from "./layer";
import { tell } from "./notices";
import type { Opened } from "./opened";

/** One stroke of the pointer, or one press of the space bar. */
export class Stroke {
  private readonly slice: number;
  private readonly before: Mask;
  private readonly mask: Mask;

  private constructor(
    private readonly opened: Opened,
    private readonly value: 0 | 1,
    private readonly layer: Layer,
    private last: readonly [number, number],
  ) {
    this.slice = opened.slice.value;
    this.before = startOf(opened, layer, this.slice) ?? blankOf(opened);
    this.mask = copyMask(this.before);
    opened.isPainting = true;
    this.to(last);
  }

  static begin(
    opened: Opened,
    tool: "brush" | "eraser",
    at: readonly [number, number],
  ): Stroke | null {
    const layer = correctionOf(opened);
    return layer && new Stroke(opened, tool === "eraser" ? 0 : 1, layer, at);
  }

  to(at: readonly [number, number]): void {
    const { opened, layer, before, mask } = this;
    const changed = drawStroke(mask, this.last, at, brushIn(opened) / 2, this.value);
    this.last = at;
    if (!changed) return; // a stroke beside the picture draws nothing
    const draft = opened.draft.value;
    const fresh = draft?.fresh ?? { rect: null };
    fresh.rect = union(fresh.rect, changed);
    const touched = union(draft?.touched ?? null, changed) ?? changed;
    opened.draft.value = { layer, before, mask, touched, fresh };
  }

  end(): void {
    const { opened, layer, slice } = this;
    opened.isPainting = false;
    if (!opened.draft.value) return;
    opened.slice.value = slice; // it may have been left while the pointer was down
    correct(opened, layer, slice, this.mask, this.value ? "Painted" : "Erased");
    opened.draft.value = null;
  }

  /** As if it had never been: a second finger came, and means to move. */
  cancel(): void {
    this.opened.isPainting = false;
    this.opened.draft.value = null;
  }
}

const WHY_NOT: Partial<Record<Filled, string>> = {
  open: "Not filled: this area is open to the edge of the picture. Fill works inside a closed outline: close it with the brush first.",
  large:
    "Not filled: this area is more than half of the picture. Fill works inside a closed outline: draw a smaller one with the brush first.",
};

export function fill(opened: Opened, at: readonly [number, number]): void {
  const layer = correctionOf(opened);
  if (!layer) return;
  const slice = opened.slice.value;
  const after = copyMask(startOf(opened, layer, slice) ?? blankOf(opened));
  const done = fillFrom(after, Math.floor(at[0]), Math.floor(at[1]));
  const why = WHY_NOT[done];
  if (why) tell(why);
  else if (done === "filled") correct(opened, layer, slice, after, "Filled");
}
