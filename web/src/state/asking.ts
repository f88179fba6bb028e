/** From a sentence to a mask, live. What is overtaken by a newer sentence is dropped. */

import { effect, signal } from "@preact/signals";
import { area } from "../pixels/runs";
import * as api from "../server/api";
import { Refusal, Unreachable } from "../server/api";
import type { Side, Suggestion, Understanding } from "../server/contract";
import { isSentence, type Layer, SliceAnswer } from "./layer";
import { inPixels } from "./many";
import {
  answerOf,
  currentAnswers,
  currentMask,
  isSameMeaning,
  meaningOf,
  settleAll,
} from "./meaning";
import { close, say, tell } from "./notices";
import type { Opened } from "./opened";
import { askOf, onceBack, reasonOf } from "./patience";
import { chosenSide, current, pictures, remember, side } from "./store";

const TYPING_PAUSE = 80;
const READING_PAUSE = 160; // the mask comes first
const SLICE_PAUSE = 60;
const SAYING_PAUSE = 900;
const REMEMBERING_PAUSE = 1500;

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
  if (opened.struck.value?.layer === layer.id) opened.struck.value = null;
  opened.activeId.value = layer.id; // what is painted next is meant for this sentence
  const isEmpty = !text.trim();
  const isOther = meaningOf(text).text !== meaningOf(layer.text).text;
  // The old mask stays, dimmed, until the new one is there: nothing flickers while one types.
  opened.change(layer.id, {
    text,
    problem: null,
    words: new Map(),
    isAsking: !isEmpty,
    ...(isOther && { threshold: null }),
    ...(isEmpty && { answers: new Map() }),
  });
  newest(`segment ${opened.key} ${layer.id}`);
  const name = `ask ${opened.key} ${layer.id}`;
  if (isEmpty) clearTimeout(timers.get(name));
  else soon(name, TYPING_PAUSE, () => void askLayer(opened, layer.id));
}

/** Ask one layer's sentence of the slice that is shown. */
export async function askLayer(opened: Opened, id: number): Promise<void> {
  const layer = opened.find(id);
  if (!layer || !isSentence(layer) || opened.isLost.value) return;
  const slice = opened.slice.value;
  const signal = newest(`segment ${opened.key} ${id}`);
  opened.change(id, { isAsking: true, problem: null });
  try {
    await askSlice(opened, layer, slice, signal);
    opened.change(id, { isAsking: false });
    soon("say", SAYING_PAUSE, () => say(summaryOf(opened, id)));
    soon(`remember ${opened.key} ${id}`, REMEMBERING_PAUSE, () => {
      if (opened.find(id)?.text === layer.text) remember(layer.text);
    });
  } catch (error) {
    failed(opened, id, error, signal);
  }
}

/** Ask a layer's sentence of one slice, and keep the answer. Throws where the signal came. */
export async function askSlice(
  opened: Opened,
  layer: Layer,
  slice: number,
  signal: AbortSignal,
): Promise<void> {
  const asked = meaningOf(layer.text);
  const where = opened.isVolume ? slice : null;
  const answer = await askOf(opened, (image) =>
    api.segment(image, asked.text, asked.side, where, true, signal),
  );
  signal.throwIfAborted();
  const [result] = answer.results;
  if (!result) throw new Unreachable();
  milliseconds.value = answer.milliseconds;
  const now = opened.find(layer.id);
  if (!now || !isSameMeaning(asked, meaningOf(now.text))) return; // a newer one is asked
  const kept = currentAnswers(now).filter(([one]) => one !== slice);
  const answered = new SliceAnswer(result, asked);
  opened.change(layer.id, { answers: new Map([...kept, [slice, answered]]) });
}

/** Tell why a sentence was not answered. What was drawn for an older one goes. */
export function failed(opened: Opened, id: number, error: unknown, signal: AbortSignal): void {
  const layer = opened.find(id);
  if (signal.aborted || !layer) return;
  if (error instanceof Unreachable) {
    opened.change(id, { isAsking: false });
    onceBack(() => void askLayer(opened, id));
    return;
  }
  const problem = reasonOf(error);
  const isLost = error instanceof Refusal && error.code === "lost"; // said over the picture
  opened.change(id, {
    isAsking: false,
    problem: isLost ? null : problem,
    answers: new Map(currentAnswers(layer)),
  });
  if (problem) say(problem);
}

/** Ask every sentence that has no answer for the slice that is shown. */
export function askMissing(opened: Opened): void {
  for (const layer of opened.layers.value)
    if (isSentence(layer) && !answerOf(layer, opened.slice.value)) void askLayer(opened, layer.id);
}

/** What was said of a session's side; it holds until the side is turned again. */
let toldSide = 0;

/**
 * Left means the other side from now on: all answers are old, and what was drawn on any picture is
 * asked about. A person who turned it sees it; where a session did, it must be told.
 */
export function chooseSide(wanted: Side, by: "person" | "session" = "person"): void {
  if (chosenSide.value === wanted) return;
  for (const opened of pictures.value) {
    settleAll(opened);
    opened.struck.value = null;
    opened.layers.value = opened.layers.value.map((one) => ({ ...one, words: new Map() }));
  }
  side.value = wanted;
  const whose = wanted === "image" ? "picture's" : "patient's";
  close(toldSide);
  if (by === "session")
    toldSide = tell(
      `The session's sentences mean the ${whose} left: this holds for all pictures now.`,
    );
  say(`Left now means the ${whose} left.`);
  if (current.value) askMissing(current.value); // other pictures are asked when they are shown
}

/** What a person who does not see the picture hears. */
export function summaryOf(opened: Opened, id: number): string {
  const layer = opened.find(id);
  const answered = layer && answerOf(layer, opened.slice.value);
  if (!answered) return "";
  const { answer } = answered;
  const mask = currentMask(opened, layer, opened.slice.value);
  const size = mask && answer.is_found ? ` ${sizeInWords(opened, area(mask))}.` : "";
  return [
    `${layer.text}:`,
    answer.sentence_for_people + size,
    ...(answer.disagreements ?? []),
  ].join(" ");
}

export function sizeInWords(opened: Opened, pixels: number): string {
  const [row, column] = opened.info.value.spacing_mm ?? [];
  if (!row || !column) return inPixels(pixels);
  const mm2 = pixels * row * column;
  const size = mm2 < 100 ? `${mm2.toFixed(1)} mm²` : `${(mm2 / 100).toFixed(2)} cm²`;
  return `${inPixels(pixels)}, ${size}`;
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
