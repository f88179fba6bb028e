/** Ask a sentence of every slice of a volume: one after the other, so that it can be stopped. */

import { signal } from "@preact/signals";
import { askSlice, failed } from "./asking";
import type { Layer } from "./layer";
import { answerOf, currentAnswers, isSameMeaning, meaningOf } from "./meaning";
import { say } from "./notices";
import type { Opened } from "./opened";
import { pause } from "./patience";

export interface Progress {
  opened: Opened;
  layer: number;
  done: number;
  of: number;
}

/** What is under way; null: nothing. */
export const progress = signal<Progress | null>(null);
let stopping = new AbortController();

export function stopSlices(): void {
  stopping.abort();
}

/** The slices on which a sentence was answered, and those on which something was found. */
export function tally(opened: Opened, layer: Layer): { asked: number; found: number } {
  const answers = Array.from({ length: opened.info.value.slices }, (_, at) => answerOf(layer, at));
  return {
    asked: answers.filter(Boolean).length,
    found: answers.filter((one) => one?.answer.is_found).length,
  };
}

export function tallyInWords(opened: Opened, layer: Layer): string {
  const { asked, found } = tally(opened, layer);
  const all = opened.info.value.slices;
  return `Found on ${found} of ${asked === all ? `all ${all}` : `the ${asked}`} slices${asked === all ? "" : ` that were asked; the volume has ${all}`}.`;
}

/** The slices whose answer to what a sentence means now went with a reload. */
export function lostSlices(layer: Layer): number[] {
  const { formerly } = layer;
  if (!formerly || !isSameMeaning(formerly.asked, meaningOf(layer.text))) return [];
  return formerly.slices.filter((one) => !answerOf(layer, one));
}

/** The slices that have an answer, and those that had one. */
export function answeredSlices(layer: Layer): number[] {
  const known = currentAnswers(layer).map(([slice]) => slice);
  return [...known, ...lostSlices(layer)].sort((one, other) => one - other);
}

/** Ask of one slice after the other, as long as the sentence is still the one that was meant. */
async function askEach(
  opened: Opened,
  id: number,
  slices: readonly number[],
  isStill: (now: Layer) => boolean,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const [done, slice] of slices.entries()) {
      const now = opened.find(id);
      if (!now || !isStill(now)) return;
      signal.throwIfAborted();
      progress.value = { opened, layer: id, done, of: slices.length };
      if (!answerOf(now, slice)) await askSlice(opened, now, slice, signal);
    }
  } finally {
    progress.value = null;
  }
}

function begin(): AbortSignal {
  stopping = new AbortController();
  return stopping.signal;
}

/**
 * Ask a sentence once more of slices, before they are saved. Throws what goes wrong: nobody must take
 * a slice for empty that only was not asked.
 */
export async function askAgain(
  opened: Opened,
  id: number,
  slices: readonly number[],
): Promise<void> {
  while (progress.value) await pause(0.2); // one after the other
  await askEach(opened, id, slices, (now) => now.text.trim() !== "", begin());
}

export async function askAllSlices(opened: Opened, id: number): Promise<void> {
  const layer = opened.find(id);
  if (!layer?.text.trim() || progress.value) return;
  const meaning = meaningOf(layer.text);
  const isStill = (now: Layer) => isSameMeaning(meaningOf(now.text), meaning);
  const all = Array.from({ length: opened.info.value.slices }, (_, slice) => slice);
  const signal = begin();
  try {
    await askEach(opened, id, all, isStill, signal);
  } catch (error) {
    failed(opened, id, error, signal);
  }
  const now = opened.find(id);
  if (now) say(tallyInWords(opened, now));
}
