import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chooseSide, setText } from "../src/state/asking";
import { correctionOf, join, undo } from "../src/state/correcting";
import type { Layer } from "../src/state/layer";
import { addLayer, keepItsSentence, keepOnly } from "../src/state/layers";
import { takeNewMeaning } from "../src/state/meaning";
import { notices } from "../src/state/notices";
import type { Opened } from "../src/state/opened";
import { openSession, withPage } from "../src/state/session_zip";
import { pictures, side } from "../src/state/store";
import { exportLayers, hindrance, takingOf } from "../src/state/taking";
import { answer, open, paint } from "./a_picture";

const LEFT = "one opacity in the left lung";
const RIGHT = "one opacity in the right lung";

beforeEach(() => {
  vi.useFakeTimers(); // nothing is asked of a server
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {} });
  side.value = "image";
  pictures.value = [];
  notices.value = [];
});
afterEach(() => vi.useRealTimers());

const corrections = (opened: Opened) => opened.layers.value.filter((one) => one.corrects !== null);
const doubled = (opened: Opened) => takingOf(opened).doubled;
const sent = (opened: Opened, format: "png" | "dataset" | "coco") =>
  exportLayers(opened, format).map(({ text, is_corrected }) => [text, is_corrected]);
const pixels = (layer: Layer | undefined) =>
  [...(layer?.corrections.get(0)?.data ?? [])].flatMap((one, at) => (one ? [at] : []));

/** The left is corrected; then the right is, under the same sentence's layer. */
function correctedTwice(): { opened: Opened; first: number; second: number } {
  const opened = open();
  answer(opened, 1, LEFT, 5);
  paint(opened, 6);
  answer(opened, 1, RIGHT, 9);
  opened.activeId.value = 1;
  const [first] = corrections(opened);
  paint(opened, 10);
  const second = corrections(opened).find((one) => one !== first);
  return { opened, first: first?.id ?? -1, second: second?.id ?? -1 };
}

test("two corrections that are for one sentence are not saved before it is said which one holds", () => {
  const { opened, first } = correctedTwice();
  takeNewMeaning(opened, first);
  expect(doubled(opened)).toHaveLength(1);
  expect(hindrance(takingOf(opened, "dataset"))).toContain("say first which one holds");
});

test("one of two is kept, and undo brings the other one back", () => {
  const { opened, first, second } = correctedTwice();
  takeNewMeaning(opened, first);
  const kept = opened.find(second) as Layer;
  keepOnly(opened, kept, doubled(opened)[0] ?? []);
  expect(hindrance(takingOf(opened, "dataset"))).toBeNull();
  expect(sent(opened, "dataset")).toEqual([[RIGHT, true]]);
  expect(opened.find(first)).toBeNull();
  undo(opened);
  expect(doubled(opened)).toHaveLength(1);
});

test("joined, they are one with the pixels of both, and undo parts them again", () => {
  const { opened, first } = correctedTwice();
  takeNewMeaning(opened, first);
  join(opened, doubled(opened)[0] ?? []);
  expect(corrections(opened)).toHaveLength(1);
  expect(pixels(corrections(opened)[0])).toEqual([5, 6, 9, 10]);
  expect(hindrance(takingOf(opened, "coco"))).toBeNull();
  undo(opened);
  undo(opened);
  expect(corrections(opened).map(pixels)).toEqual(
    expect.arrayContaining([
      [5, 6],
      [9, 10],
    ]),
  );
});

/** The left is corrected, and asked again as another sentence. */
function askedAgain(): Opened {
  const opened = open();
  answer(opened, 1, LEFT, 5);
  paint(opened, 6);
  answer(opened, addLayer(opened).id, `${LEFT} `, 5);
  return opened;
}

test("a correction stands before every answer to the same sentence", () => {
  const opened = askedAgain();
  expect(hindrance(takingOf(opened, "dataset"))).toBeNull();
  expect(sent(opened, "dataset")).toEqual([[LEFT, true]]);
  expect(sent(opened, "coco")).toEqual([
    [LEFT, false],
    [LEFT, true],
  ]);
  opened.change(1, { isVisible: false }); // the answer that was corrected
  expect(sent(opened, "dataset")).toEqual([[LEFT, true]]);
});

test("paint on a sentence that was corrected before goes on with its correction", () => {
  const opened = askedAgain();
  opened.activeId.value = opened.layers.value.at(-1)?.id ?? -1;
  expect(correctionOf(opened)?.id).toBe(corrections(opened)[0]?.id);
});

test("of answers to the same sentence one is saved; the person says which where they differ", () => {
  const opened = open();
  answer(opened, 1, LEFT, 5);
  const { id } = addLayer(opened);
  answer(opened, id, LEFT, 5);
  expect(sent(opened, "dataset")).toEqual([[LEFT, false]]);
  opened.change(id, { threshold: 0.2 });
  expect(hindrance(takingOf(opened, "png"))).toContain("say first which one holds");
  opened.change(id, { isVisible: false });
  expect(hindrance(takingOf(opened, "png"))).toBeNull();
});

test("a correction that keeps its own sentence goes to the layer that has it", () => {
  const { opened, first } = correctedTwice();
  const own = addLayer(opened);
  answer(opened, own.id, LEFT, 5);
  keepItsSentence(opened, first);
  expect(opened.find(first)?.corrects).toBe(own.id);
  expect(sent(opened, "dataset")).toEqual([
    [RIGHT, true],
    [LEFT, true],
  ]);
});

/** Painted before there was a sentence, which was written then. */
function painted(): Opened {
  const opened = open();
  paint(opened, 4);
  setText(opened, opened.layers.value[0] as Layer, LEFT);
  pictures.value = [...pictures.value, opened];
  return opened;
}

test("turning left round asks about what was painted on every picture", () => {
  const all = [painted(), painted()];
  chooseSide("patient");
  for (const opened of all) expect(takingOf(opened, "dataset").undecided).toHaveLength(1);
});

test("a session of the other side tells so, and nothing changes its side in silence", async () => {
  side.value = "patient";
  const theirs = painted();
  const members = await withPage(theirs, [], false);
  pictures.value = [];
  side.value = "image";
  const mine = painted();
  const [opened] = await openSession({ name: "session.zip", members });
  expect(side.value).toBe("patient");
  expect(notices.value.map((one) => one.text).join()).toContain("mean the patient's left");
  expect(takingOf(mine, "dataset").undecided).toHaveLength(1);
  expect(corrections(mine)[0]?.drawnFor).toEqual({ text: LEFT, side: "image" });
  expect(opened && corrections(opened)[0]?.drawnFor).toEqual({ text: LEFT, side: "patient" });
  expect(opened && takingOf(opened).undecided).toEqual([]);
});

test("a session tells its side where nobody had chosen one, too", async () => {
  side.value = "patient";
  const members = await withPage(painted(), [], false);
  side.value = null; // by this model "left" is the picture's
  pictures.value = [];
  const mine = painted();
  await openSession({ name: "session.zip", members });
  expect(notices.value).toHaveLength(1);
  expect(takingOf(mine, "dataset").undecided).toHaveLength(1);
});
