import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toRuns } from "../src/pixels/runs";
import { askAllSlices, progress, stopSlices, tallyInWords } from "../src/state/all_slices";
import { askLayer, setText } from "../src/state/asking";
import { answerOf } from "../src/state/meaning";
import type { Opened } from "../src/state/opened";
import { history, side } from "../src/state/store";
import { answer, maskWith, open } from "./a_picture";

const LEFT = "one opacity in the left lung";
const RIGHT = "one opacity in the right lung";

interface Asked {
  sentences: [{ text: string; side: string }];
  slice: number | null;
}

const asked: Asked[] = [];
let refuses = false;
let whileAsking: (() => void) | null = null;

beforeEach(() => {
  asked.length = 0;
  refuses = false;
  whileAsking = null;
  side.value = "image";
  history.value = [];
  vi.useFakeTimers();
  vi.stubGlobal("sessionStorage", { getItem: () => null });
  vi.stubGlobal("fetch", async (_path: string, { body, signal }: RequestInit) => {
    const one = JSON.parse(String(body)) as Asked;
    asked.push(one);
    whileAsking?.();
    signal?.throwIfAborted();
    if (refuses) return Response.json({ problem: "No.", code: "bad-sentence" }, { status: 422 });
    const isFound = (one.slice ?? 0) % 2 === 0;
    const told = { ...one.sentences[0], is_found: isFound, confidence: 0.8, threshold: 0.5 };
    const mask = toRuns(isFound ? maskWith(5) : maskWith());
    return Response.json({ results: [{ ...told, mask }], milliseconds: 1 });
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const only = (opened: Opened) => {
  const [layer] = opened.layers.value;
  if (!layer) throw new Error("There is no layer.");
  return layer;
};

test("an answer keeps the sentence and the side that it was asked with", async () => {
  const opened = open();
  opened.change(1, { text: `${LEFT} ` });
  await askLayer(opened, 1);
  expect(answerOf(only(opened), 0)?.asked).toEqual({ text: LEFT, side: "image" });
  side.value = "patient";
  expect(answerOf(only(opened), 0)).toBeNull();
});

test("what was drawn for an older sentence goes when the new one is refused", async () => {
  const opened = open();
  answer(opened, 1, LEFT, 5);
  opened.change(1, { text: RIGHT });
  refuses = true;
  await askLayer(opened, 1);
  expect(only(opened).answers.size).toBe(0);
  expect(only(opened).problem).toBe("No.");
});

test("all slices are asked one after the other; those that are known are not asked again", async () => {
  const opened = open(4);
  answer(opened, 1, LEFT, 5, 2);
  const seen: number[] = [];
  whileAsking = () => seen.push(progress.value?.done ?? -1);
  await askAllSlices(opened, 1);
  expect(asked.map((one) => one.slice)).toEqual([0, 1, 3]);
  expect(seen).toEqual([0, 1, 3]);
  expect(progress.value).toBeNull();
  expect(answerOf(only(opened), 1)?.answer.is_found).toBe(false);
  expect(tallyInWords(opened, only(opened))).toBe("Found on 2 of all 4 slices.");
});

test("asking all slices can be stopped, and keeps what is there", async () => {
  const opened = open(6);
  opened.change(1, { text: LEFT });
  whileAsking = () => {
    if (asked.length === 3) stopSlices();
  };
  await askAllSlices(opened, 1);
  expect(asked).toHaveLength(3);
  expect(only(opened).problem).toBeNull();
  expect([...only(opened).answers.keys()]).toEqual([0, 1]);
});

test("another sentence ends the asking of all slices", async () => {
  const opened = open(6);
  opened.change(1, { text: LEFT });
  whileAsking = () => {
    if (asked.length !== 2) return;
    setText(opened, only(opened), RIGHT);
    answer(opened, 1, RIGHT, 9, 1); // the newer answer overtakes the older one
  };
  await askAllSlices(opened, 1);
  expect(asked).toHaveLength(2);
  expect(answerOf(only(opened), 1)?.asked.text).toBe(RIGHT);
});

test("a sentence is remembered when one stays with it, not on the way to it", async () => {
  const opened = open();
  opened.change(1, { text: "one opa" });
  await askLayer(opened, 1);
  opened.change(1, { text: "one opacity" }); // and its answer is long in coming
  vi.advanceTimersByTime(3000);
  expect(history.value).toEqual([]);
  opened.change(1, { text: LEFT });
  await askLayer(opened, 1);
  vi.advanceTimersByTime(3000);
  expect(history.value).toEqual([LEFT]);
});
