/**
 * What a mask stands for: a sentence, and whose left it means.
 *
 * Every answer keeps the meaning that it was asked with, every correction the one that it was drawn
 * for. A mask counts (is measured, corrected, saved) only where that is what its layer means now;
 * else it is only shown, dimmed, and a person says what it is for.
 */

import type { Mask } from "../pixels/runs";
import type { Side } from "../server/contract";
import { type Layer, maskOf, type SliceAnswer } from "./layer";
import type { Opened } from "./opened";
import { chosenSide } from "./store";

export interface Meaning {
  text: string;
  side: Side;
}

const plain = (text: string) => text.trim().replace(/\s+/g, " ");

/** What a sentence means as it stands now. */
export const meaningOf = (text: string): Meaning => ({
  text: plain(text),
  side: chosenSide.value,
});

export const isSameMeaning = (one: Meaning, other: Meaning) =>
  one.text === other.text && one.side === other.side;

/** The layer whose sentence a layer stands under: a correction under the one that it corrects. */
export const sentenceLayer = (opened: Opened, layer: Layer): Layer =>
  layer.corrects === null ? layer : (opened.find(layer.corrects) ?? layer);

/** What a layer's mask was drawn for; of a correction without a sentence yet, what it will have. */
export function standsFor(opened: Opened, layer: Layer): Meaning {
  if (layer.corrects !== null && layer.drawnFor) return layer.drawnFor;
  return meaningOf(sentenceLayer(opened, layer).text);
}

/** Whether a correction still has the sentence and the side that it was drawn for. */
export const isInStep = (opened: Opened, layer: Layer): boolean =>
  isSameMeaning(standsFor(opened, layer), meaningOf(sentenceLayer(opened, layer).text));

/** The answer to what a sentence means now; null where there is none, or an old one. */
export function answerOf(layer: Layer, slice: number): SliceAnswer | null {
  const answered = layer.answers.get(slice);
  return answered && isSameMeaning(answered.asked, meaningOf(layer.text)) ? answered : null;
}

/** The answers to what a sentence means now, with their slices. */
export const currentAnswers = (layer: Layer): [number, SliceAnswer][] =>
  [...layer.answers].filter(([slice]) => answerOf(layer, slice));

/** The mask that counts; null where there is none, or one of another sentence or side. */
export function currentMask(opened: Opened, layer: Layer, slice: number): Mask | null {
  const holds = layer.corrects === null ? answerOf(layer, slice) : isInStep(opened, layer);
  return holds ? maskOf(layer, slice) : null;
}

/** Whether what is shown of a layer belongs to another sentence or side than it has now. */
export const isOutdated = (opened: Opened, layer: Layer, slice: number): boolean =>
  maskOf(layer, slice) !== null && currentMask(opened, layer, slice) === null;

/** The slices of which a layer has a mask that counts. */
export function currentSlices(opened: Opened, layer: Layer): number[] {
  const kept = layer.corrects === null ? currentAnswers(layer) : [...layer.corrections];
  if (layer.corrects !== null && !isInStep(opened, layer)) return [];
  return kept.map(([slice]) => slice).sort((a, b) => a - b);
}

/**
 * A correction that was drawn before there was a sentence follows its sentence, which describes it,
 * until one builds on it: paints on, saves it, or turns left to the other side.
 */
export function settle(opened: Opened, id: number, side = chosenSide.value): void {
  const layer = opened.find(id);
  if (!layer || layer.corrects === null || layer.drawnFor) return;
  const { text } = standsFor(opened, layer);
  if (text) opened.change(id, { drawnFor: { text, side } });
}

/** All that was drawn on a picture keeps the side that it was drawn by. */
export function settleAll(opened: Opened, side = chosenSide.value): void {
  for (const { id } of opened.layers.value) settle(opened, id, side);
}

/** A person says that a correction fits what its sentence means now. */
export function takeNewMeaning(opened: Opened, id: number): void {
  const layer = opened.find(id);
  if (!layer || layer.corrects === null) return;
  // Under another sentence it is new work: what was saved was saved under the old one.
  const drawnFor = meaningOf(sentenceLayer(opened, layer).text);
  opened.change(id, { drawnFor, saved: new Map() });
  opened.activeId.value = id;
}
