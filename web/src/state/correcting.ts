/** Corrections: a layer of their own, each step can be undone. Brush and fill: `stroke.ts`. */

import { changedBetween } from "../pixels/rect";
import { area, copyMask, emptyMask, fromRuns, type Mask, toRuns } from "../pixels/runs";
import * as api from "../server/api";
import { freeColour, type Layer, newLayer } from "./layer";
import { insertLayer, putBack, takeOut, takeOutWhole } from "./layers";
import {
  currentMask,
  isInStep,
  isSameMeaning,
  type Meaning,
  meaningOf,
  sentenceLayer,
  settle,
  standsFor,
} from "./meaning";
import { say, tell } from "./notices";
import type { Opened } from "./opened";
import { askOf, trying } from "./patience";
import { chosenSide } from "./store";
import type { Made, Painted, Step } from "./undo";

/**
 * A sentence's own answer stays as it is: what is drawn goes to a layer that corrects it. This is
 * the one that is there, or one that is there as soon as a pixel of it differs from the answer.
 */
export function correctionOf(opened: Opened, active = opened.active.value): Layer | null {
  if (!active || active.corrects !== null) return active;
  const meaning = meaningOf(active.text);
  const existing = existingOf(opened, active, meaning);
  if (existing) return existing;
  return {
    ...newLayer(opened.nextId(), "", freeColour(opened.layers.value)),
    corrects: active.id,
    drawnFor: meaning.text ? meaning : null,
    opacity: active.opacity,
  };
}

/** The correction of a sentence, or of another layer with the very same sentence. */
function existingOf(opened: Opened, active: Layer, meaning: Meaning): Layer | null {
  const inStep = opened.layers.value.filter(
    (one) => one.corrects !== null && isInStep(opened, one),
  );
  const own = inStep.find((one) => one.corrects === active.id);
  if (own || !meaning.text) return own ?? null;
  return inStep.find((one) => isSameMeaning(standsFor(opened, one), meaning)) ?? null;
}

/** What is corrected on a slice: what was drawn there, or the answer; null where there is neither. */
export function startOf(opened: Opened, layer: Layer, slice: number): Mask | null {
  const drawn = layer.corrections.get(slice);
  if (drawn || !isInStep(opened, layer)) return drawn ?? null;
  return currentMask(opened, sentenceLayer(opened, layer), slice);
}

export const blankOf = (opened: Opened): Mask => {
  const { width, height } = opened.info.value;
  return emptyMask(width, height);
};

/** Show a mask as a layer's correction. Where the layer is not there yet, it comes now. */
function setCorrection(opened: Opened, layer: Layer, slice: number, mask: Mask): Made | null {
  opened.struck.value = null; // one must see what one paints
  const existing = opened.find(layer.id);
  const corrections = new Map([...(existing ?? layer).corrections, [slice, mask]]);
  if (existing) opened.change(layer.id, { corrections });
  const made = existing ? null : insertCorrection(opened, { ...layer, corrections });
  opened.activeId.value = layer.id;
  return made;
}

function insertCorrection(opened: Opened, layer: Layer): Made {
  const corrected = opened.layers.value.findIndex((one) => one.id === layer.corrects);
  const styleBefore = opened.layers.value[corrected]?.style ?? "both";
  insertLayer(opened, corrected + 1, layer);
  if (layer.corrects !== null) opened.change(layer.corrects, { style: "outline" });
  return { layer, styleBefore };
}

/** Take the correction of one slice away; with the last one the layer goes. */
function dropCorrection(opened: Opened, id: number, slice: number, made: Made | null): void {
  const layer = opened.find(id);
  if (!layer) return;
  const corrections = new Map([...layer.corrections].filter(([one]) => one !== slice));
  if (corrections.size || !made) {
    opened.change(id, { corrections });
    return;
  }
  made.layer = { ...layer, corrections };
  takeOut(opened, [id]);
  if (layer.corrects === null) return;
  if (opened.find(layer.corrects)?.style === "outline")
    opened.change(layer.corrects, { style: made.styleBefore });
  opened.activeId.value = layer.corrects;
}

/** What one change by hand or by words was made to. */
interface Change {
  what: string;
  layer: Layer;
  slice: number;
  /** Null: the slice had no correction. */
  before: Mask | null;
  after: Mask;
  made: Made | null;
}

function keepStep(opened: Opened, change: Change): void {
  const { what, layer, slice, before, after, made } = change;
  settle(opened, layer.id);
  opened.undo.add({
    kind: "painted",
    what,
    layer: layer.id,
    slice,
    before: before && toRuns(before),
    after: toRuns(after),
    made,
  });
  say(`${what}. ${area(after).toLocaleString("en")} pixels.`);
}

/** Keep a mask as a correction; nothing happens where it is what is there already. */
export function correct(
  opened: Opened,
  layer: Layer,
  slice: number,
  after: Mask,
  what: string,
): boolean {
  const start = startOf(opened, layer, slice);
  if (!changedBetween((start ?? blankOf(opened)).data, after.data, after.width)) return false;
  const before = layer.corrections.get(slice) ?? null;
  const made = setCorrection(opened, layer, slice, after);
  if (!before) opened.change(layer.id, { isPainted: !start && (!!made || layer.isPainted) });
  keepStep(opened, { what, layer, slice, before, after, made });
  return true;
}

/** "grow 2 mm", "keep the largest": done by the server, kept as a step like any other. */
export async function command(opened: Opened, text: string): Promise<boolean> {
  const slice = opened.slice.value;
  const active = opened.active.value;
  const layer = correctionOf(opened, active);
  const shown = layer && startOf(opened, layer, slice);
  if (!active || !layer || !shown) {
    tell(
      active && sentenceLayer(opened, active).isAsking
        ? "The answer is still on its way. Ask again when it is drawn."
        : "There is no mask to change yet. Type a sentence first, or paint one.",
    );
    return false;
  }
  return trying(async () => {
    const where = opened.isVolume ? slice : null;
    const answer = await askOf(opened, (id) =>
      api.edit(id, toRuns(shown), text, chosenSide.value, where),
    );
    // By now one may have painted on, or taken the layer away.
    const still = opened.find(active.id);
    const now = still && correctionOf(opened, still);
    if (!now || opened.isPainting || startOf(opened, now, slice) !== shown) {
      tell("The mask was changed in the meantime; nothing was done. Ask again.");
      return;
    }
    correct(opened, now, slice, fromRuns(answer.mask), text);
    const only = opened.isVolume ? ` Only on slice ${slice + 1}, the one that is shown.` : "";
    tell(answer.done + only, "done");
  }, "The command was not done");
}

function union(one: Mask | undefined, other: Mask): Mask {
  const both = copyMask(other);
  one?.data.forEach((isIn, at) => {
    if (isIn) both.data[at] = 1;
  });
  return both;
}

/** Several corrections of one sentence become one, which has the pixels of all. */
export function join(opened: Opened, [first, ...others]: readonly Layer[]): void {
  if (!first) return;
  for (const other of others) {
    for (const [slice, mask] of other.corrections) {
      const now = opened.find(first.id);
      if (now) correct(opened, now, slice, union(now.corrections.get(slice), mask), "Joined");
    }
    takeOutWhole(opened, other.id, "Joined layer removed");
  }
  opened.activeId.value = first.id;
  tell("The corrections were joined. Undo brings them back.", "done");
}

export function undo(opened: Opened): void {
  if (opened.isPainting) return; // what the stroke started from must stay under it
  const step = opened.undo.back();
  if (!step) return;
  if (step.kind === "removed") putBack(opened, step);
  else if (step.before) go(opened, step, fromRuns(step.before));
  else {
    opened.slice.value = step.slice;
    dropCorrection(opened, step.layer, step.slice, step.made);
  }
  say(`Undone: ${step.what}`);
}

export function redo(opened: Opened): void {
  if (opened.isPainting) return;
  const step: Step | null = opened.undo.forth();
  if (!step) return;
  if (step.kind === "removed")
    takeOut(
      opened,
      step.layers.map(([, one]) => one.id),
    );
  else go(opened, step, fromRuns(step.after));
  say(`Done again: ${step.what}`);
}

function go(opened: Opened, step: Painted, mask: Mask): void {
  opened.slice.value = step.slice; // one must see what changes
  const layer = opened.find(step.layer) ?? step.made?.layer;
  if (layer) setCorrection(opened, layer, step.slice, mask);
}
