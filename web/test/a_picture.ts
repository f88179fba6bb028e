/** A picture of 4 x 4 pixels that is open, with answers and strokes as the page makes them. */

import { emptyMask, toRuns } from "../src/pixels/runs";
import type { ImageInfo } from "../src/server/contract";
import { correct, correctionOf } from "../src/state/correcting";
import { SliceAnswer } from "../src/state/layer";
import { meaningOf } from "../src/state/meaning";
import { Opened } from "../src/state/opened";

const INFO: ImageInfo = {
  id: "x",
  name: "1.png",
  kind: "picture",
  width: 4,
  height: 4,
  slices: 1,
  spacing_mm: null,
  patient_left: null,
};

export function maskWith(...places: number[]) {
  const mask = emptyMask(4, 4);
  for (const at of places) mask.data[at] = 1;
  return mask;
}

export function open(slices = 1): Opened {
  return new Opened({ ...INFO, kind: slices > 1 ? "volume" : "picture", slices }, null);
}

/** The model draws a pixel for a sentence. */
export function answer(opened: Opened, id: number, text: string, at: number, slice = 0): void {
  const told = {
    ...{ text, side: "image" as const, is_found: true, confidence: 0.8, presence: null },
    ...{ threshold: 0.5, area_pixels: 1, area_mm2: null, lost_words: [], verdict: "found" },
    ...{ sentence_for_people: "Found.", mask: toRuns(maskWith(at)) },
  };
  const answers = new Map([
    ...(opened.find(id)?.answers ?? []),
    [slice, new SliceAnswer(told, meaningOf(text))] as const,
  ]);
  opened.change(id, { text, answers, isAsking: false });
}

/** A person paints one more pixel on what is chosen. */
export function paint(opened: Opened, at: number): void {
  const layer = correctionOf(opened);
  if (!layer) throw new Error("There is no layer to paint on.");
  const slice = opened.slice.value;
  const parent = opened.find(layer.corrects ?? -1);
  const start = layer.corrections.get(slice) ?? parent?.answers.get(slice)?.mask;
  const after = maskWith(at);
  start?.data.forEach((one, place) => {
    if (one) after.data[place] = 1;
  });
  correct(opened, layer, slice, after, "Painted");
}
