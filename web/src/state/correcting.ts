/** Corrections by hand and by command: a layer of their own, each step can be undone. */

import { drawStroke, fillFrom } from "../pixels/drawing";
import { area, copyMask, emptyMask, fromRuns, type Mask, toRuns } from "../pixels/runs";
import * as api from "../server/api";
import { freeColour, type Layer, maskOf, newLayer } from "./layer";
import { say, tell } from "./notices";
import type { Opened } from "./opened";
import { askOf, trying } from "./patience";
import { brushSize, chosenSide, type Tool } from "./store";

/** A sentence's own answer stays as it is: what is drawn goes to a layer that corrects it. */
export function correctionOf(opened: Opened): Layer | null {
  const active = opened.active.value;
  if (!active || active.corrects !== null) return active;
  const existing = opened.layers.value.find((one) => one.corrects === active.id);
  if (existing) {
    opened.activeId.value = existing.id;
    return existing;
  }
  const made: Layer = {
    ...newLayer(opened.nextId(), active.text, freeColour(opened.layers.value)),
    corrects: active.id,
    opacity: active.opacity,
  };
  const at = opened.layers.value.findIndex((one) => one.id === active.id) + 1;
  opened.layers.value = opened.layers.value
    .toSpliced(at, 0, made)
    .map((one) => (one.id === active.id ? { ...one, style: "outline" as const } : one));
  opened.activeId.value = made.id;
  return made;
}

/** The mask that is corrected on this slice; at first, a copy of the answer. */
export function startOf(opened: Opened, layer: Layer): Mask {
  const slice = opened.slice.value;
  const drawn = layer.corrections.get(slice);
  if (drawn) return copyMask(drawn);
  const corrected = layer.corrects === null ? null : opened.find(layer.corrects);
  const answer = corrected && maskOf(corrected, slice);
  const { width, height } = opened.info.value;
  return answer ? copyMask(answer) : emptyMask(width, height);
}

export function setCorrection(opened: Opened, id: number, slice: number, mask: Mask): void {
  const layer = opened.find(id);
  if (layer)
    opened.change(id, { corrections: new Map([...layer.corrections, [slice, { ...mask }]]) });
}

export function keepStep(
  opened: Opened,
  id: number,
  before: Mask,
  after: Mask,
  what: string,
): void {
  const slice = opened.slice.value;
  const runs = { before: toRuns(before), after: toRuns(after) };
  if (runs.before.counts.join() === runs.after.counts.join()) return;
  setCorrection(opened, id, slice, after);
  opened.undo.add({ what, layer: id, slice, ...runs });
  say(`${what}. ${area(after).toLocaleString("en")} pixels.`);
}

/** One stroke of the pointer, or one press of the space bar. */
export class Stroke {
  private readonly before: Mask;
  readonly mask: Mask;
  readonly layer: number;
  private last: readonly [number, number];

  private constructor(
    private readonly opened: Opened,
    private readonly tool: Tool,
    layer: Layer,
    at: readonly [number, number],
  ) {
    this.layer = layer.id;
    this.mask = startOf(opened, layer);
    this.before = copyMask(this.mask);
    this.last = at;
    this.to(at);
  }

  static begin(opened: Opened, tool: Tool, at: readonly [number, number]): Stroke | null {
    const layer = correctionOf(opened);
    return layer && new Stroke(opened, tool, layer, at);
  }

  to(at: readonly [number, number]): void {
    const value = this.tool === "eraser" ? 0 : 1;
    drawStroke(this.mask, this.last, at, brushSize.value / 2, value);
    this.last = at;
    setCorrection(this.opened, this.layer, this.opened.slice.value, this.mask);
  }

  end(): void {
    const what = this.tool === "eraser" ? "Erased" : "Painted";
    keepStep(this.opened, this.layer, this.before, this.mask, what);
  }
}

export function fill(opened: Opened, at: readonly [number, number]): void {
  const layer = correctionOf(opened);
  if (!layer) return;
  const before = startOf(opened, layer);
  const after = copyMask(before);
  fillFrom(after, Math.floor(at[0]), Math.floor(at[1]));
  keepStep(opened, layer.id, before, after, "Filled");
}

/** "grow 2 mm", "keep the largest": done by the server, kept as a step like any other. */
export async function command(opened: Opened, text: string): Promise<boolean> {
  const active = opened.active.value;
  const slice = opened.slice.value;
  const shown = active && maskOf(active, slice);
  if (!active || !shown) {
    tell("There is no mask to change yet. Type a sentence first, or paint one.");
    return false;
  }
  return trying(async () => {
    const where = opened.isVolume ? slice : null;
    const answer = await askOf(opened, (id) =>
      api.edit(id, toRuns(shown), text, chosenSide.value, where),
    );
    const layer = correctionOf(opened);
    if (!layer) return;
    const after = fromRuns(answer.mask);
    if (!layer.corrections.has(slice)) setCorrection(opened, layer.id, slice, copyMask(shown));
    keepStep(opened, layer.id, shown, after, text);
    tell(answer.done, "done");
  });
}

export function undo(opened: Opened): void {
  const step = opened.undo.back();
  if (step) go(opened, step.layer, step.slice, fromRuns(step.before), `Undone: ${step.what}`);
}

export function redo(opened: Opened): void {
  const step = opened.undo.forth();
  if (step) go(opened, step.layer, step.slice, fromRuns(step.after), `Done again: ${step.what}`);
}

function go(opened: Opened, layer: number, slice: number, mask: Mask, words: string): void {
  opened.slice.value = slice; // one must see what changes
  setCorrection(opened, layer, slice, mask);
  say(words);
}
