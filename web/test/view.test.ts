import { expect, test } from "vitest";
import type { Opened } from "../src/state/opened";
import { lettersOf } from "../src/view/marks";
import { keyOf } from "../src/view/shortcuts";
import { isCt, nameOfWindow, windowOf } from "../src/view/windows";

test("letters work with Caps Lock, marks with AltGr, and Alt is the browser's", () => {
  const plain = { altKey: false, ctrlKey: false, metaKey: false };
  expect(keyOf({ ...plain, key: "B" })).toBe("b");
  expect(keyOf({ ...plain, key: "ArrowLeft" })).toBe("ArrowLeft");
  const alt = { ...plain, altKey: true };
  expect(keyOf({ ...alt, key: "[" })).toBe("[");
  expect(keyOf({ ...alt, key: "]", ctrlKey: true })).toBe("]");
  expect(keyOf({ ...alt, key: "b" })).toBeNull();
  expect(keyOf({ ...alt, key: "ArrowLeft" })).toBeNull();
  expect(keyOf({ ...plain, key: "+", ctrlKey: true })).toBeNull(); // the browser's own zoom
  expect(keyOf({ ...plain, key: "[", metaKey: true })).toBeNull();
});

test("where the file tells the patient's left alone, two edges have letters", () => {
  expect(lettersOf({ patient_left: "right", edges: null })).toEqual({ left: "R", right: "L" });
  expect(lettersOf({ patient_left: "neither", edges: null })).toEqual({});
  const edges = { left: "A", right: "P", top: "S", bottom: "I" } as const;
  expect(lettersOf({ patient_left: "neither", edges })).toEqual(edges);
});

test("CT is known by its modality, or of a volume without one by how low air is", () => {
  const ct = (modality: string | null, low: number, kind = "volume", top = 65535) =>
    isCt({
      info: { value: { modality, kind } },
      picture: { value: { top } },
      scale: { value: { low } },
    } as unknown as Opened);
  expect([ct("CT", 0), ct(null, -1024), ct("CT", 0, "picture")]).toEqual([true, true, true]);
  expect([ct("MR", -1024), ct(null, 0), ct(null, -1024, "picture")]).toEqual([false, false, false]);
  expect(ct("CT", 0, "picture", 255)).toBe(false); // its window is in the pixels already
});

test("a window goes by its name until it is changed by hand", () => {
  const lung = windowOf("lung");
  expect(nameOfWindow(lung)).toBe("lung");
  expect(nameOfWindow({ ...lung, width: 1501 })).toBeNull();
});
