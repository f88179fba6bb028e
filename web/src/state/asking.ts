/** From a sentence to a mask, live. What is overtaken by a newer sentence is dropped. */

import { effect, signal } from "@preact/signals";
import * as api from "../server/api";
import { Refusal, Unreachable } from "../server/api";
import type { Suggestion, Understanding } from "../server/contract";
import { type Layer, maskOf, readAnswer } from "./layer";
import { say, tell } from "./notices";
import type { Opened } from "./opened";
import { askOf, onceBack, reasonOf } from "./patience";
import { chosenSide, current, remember } from "./store";

const TYPING_PAUSE = 80;
const READING_PAUSE = 160; // the mask comes first
const SLICE_PAUSE = 60;
const SAYING_PAUSE = 900;

export const understanding = signal<Understanding | null>(null);
export const suggestions = signal<readonly Suggestion[]>([]);
export const milliseconds = signal<number | null>(null);

const underWay = new Map<string, AbortController>();

/** Stop what was asked under the same name before; return the signal of what is asked now. */
function newest(name: string): AbortSignal {
  underWay.get(name)?.abort();
  const controller = new AbortController();
  underWay.set(name, controller);
  return controller.signal;
}

const timers = new Map<string, ReturnType<typeof setTimeout>>();

function soon(name: string, wait: number, doing: () => void): void {
  clearTimeout(timers.get(name));
  timers.set(name, setTimeout(doing, wait));
}

/** The sentence of a layer was changed. */
export function setText(opened: Opened, layer: Layer, text: string): void {
  const gone = { answers: new Map(), words: new Map(), threshold: null };
  const isEmpty = !text.trim();
  if (opened.struck.value?.layer === layer.id) opened.struck.value = null;
  // The old mask stays until the new one is there: nothing flickers while one types.
  opened.change(layer.id, { text, problem: null, words: new Map(), ...(isEmpty && gone) });
  newest(`segment ${opened.key} ${layer.id}`);
  if (isEmpty) {
    opened.change(layer.id, { isAsking: false });
    clearTimeout(timers.get(`ask ${opened.key} ${layer.id}`));
    return;
  }
  opened.change(layer.id, { isAsking: true });
  soon(`ask ${opened.key} ${layer.id}`, TYPING_PAUSE, () => void askLayer(opened, layer.id, true));
}

/** Ask one layer's sentence of the slice that is shown. */
export async function askLayer(opened: Opened, id: number, isNew = false): Promise<void> {
  const layer = opened.find(id);
  if (!layer || layer.corrects !== null || !layer.text.trim() || opened.isLost.value) return;
  const slice = opened.slice.value;
  const signal = newest(`segment ${opened.key} ${id}`);
  opened.change(id, { isAsking: true, problem: null });
  const where = opened.isVolume ? slice : null;
  try {
    const answer = await askOf(opened, (image) =>
      api.segment(image, layer.text, chosenSide.value, where, true, signal),
    );
    const [result] = answer.results;
    if (signal.aborted || !result) return;
    milliseconds.value = answer.milliseconds;
    const read = readAnswer(result, slice, opened.info.value.slices, opened.info.value);
    const kept = isNew ? [] : [...(opened.find(id)?.answers ?? [])];
    opened.change(id, {
      answers: new Map([...kept, ...read]),
      isAsking: false,
      ...(isNew && { threshold: null }),
    });
    remember(layer.text);
    soon("say", SAYING_PAUSE, () => say(summaryOf(opened, id)));
  } catch (error) {
    failed(opened, id, error, signal);
  }
}

function failed(opened: Opened, id: number, error: unknown, signal: AbortSignal): void {
  if (signal.aborted) return;
  if (error instanceof Unreachable) {
    opened.change(id, { isAsking: false });
    onceBack(() => void askLayer(opened, id));
    return;
  }
  const problem = reasonOf(error);
  const isLost = error instanceof Refusal && error.code === "lost"; // said over the picture
  opened.change(id, { isAsking: false, problem: isLost ? null : problem });
  if (problem) say(problem);
}

/** Ask a layer's sentence of every slice of a volume. */
export async function askAllSlices(opened: Opened, id: number): Promise<void> {
  const layer = opened.find(id);
  if (!layer?.text.trim()) return;
  const signal = newest(`segment ${opened.key} ${id}`);
  opened.change(id, { isAsking: true, problem: null });
  try {
    const { results } = await askOf(opened, (image) =>
      api.segment(image, layer.text, chosenSide.value, null, false, signal),
    );
    const [result] = results;
    if (signal.aborted || !result) return;
    const read = readAnswer(result, null, opened.info.value.slices, opened.info.value);
    opened.change(id, { answers: read, threshold: null, isAsking: false });
    say(`All slices: ${result.sentence_for_people}`);
  } catch (error) {
    failed(opened, id, error, signal);
  }
}

/** Ask every layer that has no answer for the slice that is shown. */
export function askMissing(opened: Opened): void {
  for (const layer of opened.layers.value)
    if (layer.text.trim() && !layer.answers.has(opened.slice.value))
      void askLayer(opened, layer.id);
}

/** The sentences mean another side now: all answers are old. */
export function askAgain(opened: Opened): void {
  opened.struck.value = null;
  opened.layers.value = opened.layers.value.map((one) =>
    one.corrects === null ? { ...one, answers: new Map(), words: new Map() } : one,
  );
  askMissing(opened);
}

/** What a person who does not see the picture hears. */
export function summaryOf(opened: Opened, id: number): string {
  const layer = opened.find(id);
  const answered = layer?.answers.get(opened.slice.value);
  if (!layer || !answered) return "";
  const { answer } = answered;
  const mask = maskOf(layer, opened.slice.value);
  const size = mask && answer.is_found ? ` ${sizeInWords(opened, mask.data)}.` : "";
  return [
    `${layer.text}:`,
    answer.sentence_for_people + size,
    ...(answer.disagreements ?? []),
  ].join(" ");
}

export function sizeInWords(opened: Opened, data: Uint8Array): string {
  const pixels = data.reduce((sum, one) => sum + one, 0);
  const [row, column] = opened.info.value.spacing_mm ?? [];
  const count = `${pixels.toLocaleString("en")} pixel${pixels === 1 ? "" : "s"}`;
  if (!row || !column) return count;
  const mm2 = pixels * row * column;
  const size = mm2 < 100 ? `${mm2.toFixed(1)} mm²` : `${(mm2 / 100).toFixed(2)} cm²`;
  return `${count}, ${size}`;
}

/** Understand the sentence in the box; suggest how it may go on. */
export function readSentence(text: string, cursor: number): void {
  soon("understand", READING_PAUSE, () => void understandNow(text, cursor));
}

async function understandNow(text: string, cursor: number): Promise<void> {
  const signal = newest("understand");
  try {
    const [facts, more] = await Promise.all([
      text.trim() ? api.understand(text, chosenSide.value, signal) : null,
      api.suggest(text, cursor, signal),
    ]);
    if (signal.aborted) return;
    understanding.value = facts;
    suggestions.value = more.suggestions.slice(0, 6);
  } catch (error) {
    if (signal.aborted) return;
    understanding.value = null;
    suggestions.value = [];
    reasonOf(error); // the mask's own request tells what is wrong
  }
}

/** Fetch the slice that is shown; ask what is not known of it. */
export function watchSlices(): void {
  effect(() => {
    const opened = current.value;
    if (!opened) return;
    const slice = opened.slice.value;
    const { id } = opened.info.value;
    opened.struck.value = null;
    const wait = opened.picture.peek() ? SLICE_PAUSE : 0;
    soon("pixels", wait, () => void fetchPixels(opened, id, slice));
  });
}

const pixelsShown = new WeakMap<Opened, string>();

async function fetchPixels(opened: Opened, id: string, slice: number): Promise<void> {
  const signal = newest("pixels");
  if (!id || opened.isLost.value) return;
  if (pixelsShown.get(opened)?.split(" ")[1] !== String(slice) || !opened.picture.value) {
    try {
      const { png, scale } = await askOf(opened, (image) => api.pixels(image, slice, signal));
      if (signal.aborted) return;
      opened.show(png, scale);
      pixelsShown.set(opened, `${id} ${slice}`);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Unreachable) onceBack(() => void fetchPixels(opened, id, slice));
      else {
        const problem = reasonOf(error);
        if (problem && !opened.isLost.value) tell(problem);
        if (problem) say(problem);
      }
      return;
    }
  }
  askMissing(opened);
}
