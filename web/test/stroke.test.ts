import { signal } from "@preact/signals";
import { beforeEach, expect, test } from "vitest";
import type { ImageInfo } from "../src/server/contract";
import { undo } from "../src/state/correcting";
import { hasUnsavedWork } from "../src/state/layers";
import { notices } from "../src/state/notices";
import { Opened } from "../src/state/opened";
import { brushSize, tool } from "../src/state/store";
import { fill, Stroke } from "../src/state/stroke";
import { Hands } from "../src/view/hands";

const INFO: ImageInfo = {
  id: "1",
  name: "film",
  kind: "picture",
  width: 60,
  height: 40,
  slices: 1,
  spacing_mm: null,
  patient_left: null,
};
let opened = new Opened(INFO, null);

beforeEach(() => {
  opened = new Opened(INFO, null);
  brushSize.value = 4;
  notices.value = [];
});

const drawn = () => opened.layers.value.find((one) => one.corrects !== null)?.corrections.get(0);

test("while one paints, no layer changes: only what is new is drawn", () => {
  const before = opened.layers.value;
  const stroke = Stroke.begin(opened, "brush", [10, 10]);
  const { draft } = opened;
  if (draft.value) draft.value.fresh.rect = null; // it was drawn
  stroke?.to([20, 10]);
  expect(opened.layers.value).toBe(before);
  expect(draft.value?.touched).toEqual({ left: 8, top: 8, right: 22, bottom: 12 });
  expect(draft.value?.fresh.rect?.left).toBeGreaterThan(9);
  stroke?.end();
  expect(draft.value).toBeNull();
  expect(drawn()?.data[10 * 60 + 15]).toBe(1);
  undo(opened);
  expect(opened.layers.value.length).toBe(before.length);
});

test("a stroke that is cancelled leaves nothing behind, and nothing to undo", () => {
  const before = opened.layers.value;
  const stroke = Stroke.begin(opened, "brush", [10, 10]);
  stroke?.to([30, 30]);
  stroke?.cancel();
  stroke?.end();
  expect([opened.draft.value, opened.layers.value]).toEqual([null, before]);
  expect(opened.undo.canUndo.value).toBe(false);
});

test("a stroke beside the picture, or one that erases nothing, makes no layer", () => {
  Stroke.begin(opened, "brush", [-50, 10])?.end();
  Stroke.begin(opened, "eraser", [10, 10])?.end();
  expect(opened.layers.value).toHaveLength(1);
});

test("a slice that is left in the middle of a stroke does not get its paint", () => {
  opened = new Opened({ ...INFO, kind: "volume", slices: 5 }, null);
  opened.slice.value = 0;
  const stroke = Stroke.begin(opened, "brush", [10, 10]);
  opened.slice.value = 3;
  stroke?.end();
  const layer = opened.layers.value.find((one) => one.corrects !== null);
  expect([...(layer?.corrections.keys() ?? [])]).toEqual([0]);
  expect(opened.slice.value).toBe(0);
});

test("a fill of the background is refused in a sentence", () => {
  fill(opened, [30, 20]);
  expect(opened.layers.value).toHaveLength(1);
  expect(notices.value[0]?.text).toContain("open to the edge of the picture");
});

test("nothing is undone under a stroke, be it one that has drawn nothing yet", () => {
  Stroke.begin(opened, "brush", [10, 10])?.end();
  const stroke = Stroke.begin(opened, "brush", [10, 10]); // where there is paint already
  expect(opened.draft.value).toBeNull();
  undo(opened);
  stroke?.to([30, 10]);
  stroke?.end();
  undo(opened);
  undo(opened);
  expect(opened.layers.value).toHaveLength(1);
});

test("a stroke that has not ended is work that no file holds", () => {
  const stroke = Stroke.begin(opened, "brush", [10, 10]);
  expect(hasUnsavedWork(opened)).toBe(true);
  stroke?.cancel();
  expect(hasUnsavedWork(opened)).toBe(false);
});

test("a stroke by keys ends where the focus goes", () => {
  tool.value = "brush";
  const hands = new Hands(opened, { current: null }, signal(null));
  const press = (key: string) =>
    hands.key({ key, preventDefault: () => {} } as unknown as KeyboardEvent);
  press(" ");
  press("ArrowRight");
  hands.letGo();
  expect(opened.draft.value).toBeNull();
  expect(opened.undo.canUndo.value).toBe(true);
  tool.value = "move";
});
