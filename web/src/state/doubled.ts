/**
 * One mask a meaning: which layer stands for a sentence and side that several layers have.
 *
 * What a person drew stands before what the model answered. Of several that a person drew, and of
 * answers that differ, the person must say which one holds: a file must not contradict itself.
 */

import type { Layer } from "./layer";
import { currentSlices, isSameMeaning, type Meaning, standsFor } from "./meaning";
import type { Opened } from "./opened";

/** All layers of one meaning. */
interface Meant {
  meaning: Meaning;
  answers: Layer[];
  corrections: Layer[];
}

function byMeaning(opened: Opened, layers: readonly Layer[]): Meant[] {
  const all: Meant[] = [];
  for (const layer of layers) {
    const meaning = standsFor(opened, layer);
    let meant = all.find((one) => isSameMeaning(one.meaning, meaning));
    if (!meant) {
      meant = { meaning, answers: [], corrections: [] };
      all.push(meant);
    }
    (layer.corrects === null ? meant.answers : meant.corrections).push(layer);
  }
  return all;
}

/** The answer that stands for all of a meaning: the one that was corrected, or that tells most. */
function foremost(opened: Opened, { answers, corrections }: Meant): Layer | null {
  const corrected = answers.find((one) => corrections.some(({ corrects }) => corrects === one.id));
  const many = (one: Layer) => currentSlices(opened, one).length;
  return corrected ?? answers.toSorted((a, b) => many(b) - many(a))[0] ?? null;
}

/** Of the answers of one meaning one is left; corrections stay. */
export function withoutDoubles(opened: Opened, layers: readonly Layer[]): Layer[] {
  const foremosts = byMeaning(opened, layers).map((one) => foremost(opened, one));
  return layers.filter((one) => one.corrects !== null || foremosts.includes(one));
}

/** Those that contradict one another, meaning by meaning. */
export function contradictions(opened: Opened, layers: readonly Layer[]): Layer[][] {
  return byMeaning(opened, layers).flatMap((meant) => {
    const { answers, corrections } = meant;
    if (corrections.length) return corrections.length > 1 ? [corrections] : [];
    const first = foremost(opened, meant);
    const isOne = answers.every((one) => !first || holdsAll(opened, first, one));
    return isOne ? [] : [answers];
  });
}

/** Whether one answer has all that another of the same meaning has. */
function holdsAll(opened: Opened, one: Layer, other: Layer): boolean {
  const slices = currentSlices(opened, one);
  return (
    one.threshold === other.threshold &&
    currentSlices(opened, other).every((slice) => slices.includes(slice))
  );
}

/** Whether a person drew what an answer is asked for. */
export const isDrawnInstead = (opened: Opened, answer: Layer, layers: readonly Layer[]) =>
  answer.corrects === null &&
  layers.some(
    (one) =>
      one.corrects !== null && isSameMeaning(standsFor(opened, one), standsFor(opened, answer)),
  );
