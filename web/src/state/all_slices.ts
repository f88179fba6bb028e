/** Ask a sentence of every slice of a volume: one after the other, so that it can be stopped. */

import { signal } from "@preact/signals";
import { askSlice, failed } from "./asking";
import type { Layer } from "./layer";
import { answerOf, isSameMeaning, meaningOf } from "./meaning";
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
  const known = [...layer.answers.keys()].filter((one) => answerOf(layer, one));
  return [...known, ...lostSlices(layer)].sort((one, other) => one - other);
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
  stopping = new AbortController();
  const { signal } = stopping;
  try {
    for (const [done, slice] of slices.entries()) {
      const now = opened.find(id);
      if (!now?.text.trim()) return;
      signal.throwIfAborted();
      progress.value = { opened, layer: id, done, of: slices.length };
      if (!answerOf(now, slice)) await askSlice(opened, now, slice, signal);
    }
  } finally {
    progress.value = null;
  }
}

export async function askAllSlices(opened: Opened, id: number): Promise<void> {
  const layer = opened.find(id);
  if (!layer?.text.trim() || progress.value) return;
  const meaning = meaningOf(layer.text);
  stopping = new AbortController();
  const { signal } = stopping;
  const of = opened.info.value.slices;
  try {
    for (let slice = 0; slice < of; slice++) {
      const now = opened.find(id);
      // The sentence may mean another thing by now, or be gone.
      if (!now || !isSameMeaning(meaningOf(now.text), meaning)) break;
      progress.value = { opened, layer: id, done: slice, of };
      if (!answerOf(now, slice)) await askSlice(opened, now, slice, signal);
    }
  } catch (error) {
    failed(opened, id, error, signal);
  }
  progress.value = null;
  const now = opened.find(id);
  if (now) say(tallyInWords(opened, now));
}
