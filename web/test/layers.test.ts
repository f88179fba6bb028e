import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ExportLayer } from "../src/server/contract";
import { setText } from "../src/state/asking";
import { correct, correctionOf, redo, undo } from "../src/state/correcting";
import { hasUnsavedWork, keepItsSentence, removeLayer } from "../src/state/layers";
import { isInStep, isOutdated, takeNewMeaning } from "../src/state/meaning";
import type { Opened } from "../src/state/opened";
import { restoreLayer, saveLayer } from "../src/state/session";
import { side } from "../src/state/store";
import { exportLayers, hindrance, noteTaken, takingOf } from "../src/state/taking";
import { answer, maskWith, open, paint } from "./a_picture";

const LEFT = "one opacity in the left lung";
const RIGHT = "one opacity in the right lung";

beforeEach(() => {
  vi.useFakeTimers(); // nothing is asked of a server
  side.value = "image";
});
afterEach(() => vi.useRealTimers());

const corrections = (opened: Opened) => opened.layers.value.filter((one) => one.corrects !== null);
const sent = (opened: Opened, format: "png" | "dataset" | "coco" = "png") =>
  exportLayers(opened, format).map(({ text, side, is_corrected }: ExportLayer) => [
    text,
    side,
    is_corrected,
  ]);

function corrected(): { opened: Opened; id: number } {
  const opened = open();
  answer(opened, 1, LEFT, 5);
  paint(opened, 6);
  return { opened, id: corrections(opened)[0]?.id ?? -1 };
}

test("the mask of an older sentence is shown, but not saved", () => {
  const opened = open();
  answer(opened, 1, LEFT, 5);
  expect(sent(opened)).toEqual([[LEFT, "image", false]]);
  setText(opened, opened.layers.value[0] as never, RIGHT);
  const [layer] = opened.layers.value;
  expect(layer && isOutdated(opened, layer, 0)).toBe(true);
  expect(sent(opened)).toEqual([]);
  expect(hindrance(takingOf(opened))).toBe("The answer is on its way.");
  answer(opened, 1, RIGHT, 9);
  expect(sent(opened)).toEqual([[RIGHT, "image", false]]);
});

test("the mask of the other side is not saved either", () => {
  const opened = open();
  answer(opened, 1, LEFT, 5);
  side.value = "patient";
  expect(takingOf(opened).layers).toEqual([]);
});

test("a correction keeps its side: the data set cannot declare the other", () => {
  const { opened, id } = corrected();
  side.value = "patient";
  answer(opened, 1, LEFT, 9);
  expect(takingOf(opened).undecided.map((one) => one.id)).toEqual([id]);
  expect(hindrance(takingOf(opened))).toContain("say first");
  takeNewMeaning(opened, id);
  expect(sent(opened, "dataset")).toEqual([[LEFT, "patient", true]]);
});

test("a correction keeps its sentence until a person says otherwise", () => {
  const { opened, id } = corrected();
  answer(opened, 1, RIGHT, 9);
  expect(isInStep(opened, opened.find(id) as never)).toBe(false);
  expect(hindrance(takingOf(opened))).toContain("say first");
  keepItsSentence(opened, id);
  const own = opened.find(id)?.corrects ?? -1;
  answer(opened, own, LEFT, 5);
  expect(sent(opened, "dataset")).toEqual([
    [RIGHT, "image", false],
    [LEFT, "image", true],
  ]);
});

test("with the sentence back as it was, the correction counts again", () => {
  const { opened } = corrected();
  answer(opened, 1, RIGHT, 9);
  answer(opened, 1, `  ${LEFT} `, 5);
  expect(sent(opened, "dataset")).toEqual([[LEFT, "image", true]]);
});

test("for another sentence, paint makes another correction", () => {
  const { opened, id } = corrected();
  answer(opened, 1, RIGHT, 9);
  opened.activeId.value = 1;
  paint(opened, 10);
  expect(corrections(opened)).toHaveLength(2);
  expect(opened.find(id)?.corrections.get(0)?.data[10]).toBe(0);
});

test("what is painted before there is a sentence has the one that is written then", () => {
  const opened = open();
  paint(opened, 3);
  expect(hindrance(takingOf(opened))).toContain("write one to save it");
  expect(hasUnsavedWork(opened)).toBe(true);
  answer(opened, 1, LEFT, 5);
  answer(opened, 1, RIGHT, 5);
  expect(sent(opened, "dataset")).toEqual([[RIGHT, "image", true]]);
  expect(exportLayers(opened, "dataset")[0]).toMatchObject({ is_painted: true, confidence: null });
  noteTaken(opened, "dataset")();
  answer(opened, 1, LEFT, 5);
  expect(takingOf(opened).undecided).toHaveLength(1);
});

test("a change that changes nothing makes no layer", () => {
  const opened = open();
  answer(opened, 1, LEFT, 5);
  const layer = correctionOf(opened);
  expect(layer && correct(opened, layer, 0, maskWith(5), "Painted")).toBe(false);
  expect(opened.layers.value).toHaveLength(1);
  expect(hasUnsavedWork(opened)).toBe(false);
});

test("undoing the first stroke takes its layer away; redo brings both back", () => {
  const { opened, id } = corrected();
  expect(opened.find(1)?.style).toBe("outline");
  undo(opened);
  expect(opened.layers.value).toHaveLength(1);
  expect(opened.find(1)?.style).toBe("both");
  expect(hasUnsavedWork(opened)).toBe(false);
  redo(opened);
  expect(opened.find(id)?.corrections.get(0)?.data[6]).toBe(1);
});

test("a layer that was removed comes back with undo, and so does the step before", () => {
  const { opened, id } = corrected();
  removeLayer(opened, 1);
  expect(opened.layers.value.map((one) => one.text)).toEqual([""]);
  undo(opened);
  expect(opened.layers.value.map((one) => one.id)).toEqual([1, id]);
  expect(hasUnsavedWork(opened)).toBe(true);
  undo(opened);
  expect(opened.layers.value.map((one) => one.id)).toEqual([1]);
  redo(opened);
  redo(opened);
  expect(opened.find(id)).toBeNull();
});

test("a number is never given to a second layer", () => {
  const { opened, id } = corrected();
  removeLayer(opened, id);
  expect(opened.nextId()).toBeGreaterThan(id);
});

test("saving marks what the file holds, and nothing else", () => {
  const { opened, id } = corrected();
  expect(hasUnsavedWork(opened)).toBe(true);
  opened.change(id, { isVisible: false });
  noteTaken(opened, "png")();
  expect(hasUnsavedWork(opened)).toBe(true);
  opened.change(id, { isVisible: true });
  const taken = noteTaken(opened, "png");
  taken();
  expect(hasUnsavedWork(opened)).toBe(false);
  paint(opened, 7);
  expect(hasUnsavedWork(opened)).toBe(true);
  taken(); // the file was made before the last stroke
  expect(hasUnsavedWork(opened)).toBe(true);
});

test("one slice of a volume as PNG does not save the others", () => {
  const opened = open(3);
  opened.slice.value = 0;
  answer(opened, 1, LEFT, 5, 0);
  paint(opened, 6);
  opened.slice.value = 2;
  paint(opened, 7);
  noteTaken(opened, "png")();
  expect(hasUnsavedWork(opened)).toBe(true);
  noteTaken(opened, "nifti")();
  expect(hasUnsavedWork(opened)).toBe(false);
});

test("of a volume it is told which slices a person changed, and how sure the model was of each", () => {
  const opened = open(3);
  for (const slice of [0, 1, 2]) answer(opened, 1, LEFT, 5, slice);
  opened.slice.value = 1;
  paint(opened, 6);
  const [whole, mended] = exportLayers(opened, "zip" as never);
  expect(whole).toMatchObject({ corrects: null, slice_confidences: { "0": 0.8, "2": 0.8 } });
  expect(mended).toMatchObject({
    corrects: 1,
    corrected_slices: [1],
    slice_confidences: null,
    confidence: null,
  });
  expect(Object.keys(mended?.mask ?? {})).toEqual(["0", "1", "2"]);
});

test("a reload keeps what a correction is for, and whether it was saved", () => {
  const { opened, id } = corrected();
  const again = () => restoreLayer(JSON.parse(JSON.stringify(saveLayer(opened.find(id) as never))));
  expect(again()).toMatchObject({ drawnFor: { text: LEFT, side: "image" } });
  const other = open();
  other.layers.value = [again()];
  expect(hasUnsavedWork(other)).toBe(true);
  noteTaken(opened, "png")();
  other.layers.value = [again()];
  expect(hasUnsavedWork(other)).toBe(false);
});
