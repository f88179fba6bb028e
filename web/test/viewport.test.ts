import { expect, test } from "vitest";
import { FITTED, pan, place, toPicture, zoomAt } from "../src/pixels/viewport";

const PANE = { width: 800, height: 300 };
const PICTURE = { width: 200, height: 100 };

test("a fitted picture lies in the middle and within the pane", () => {
  const placed = place(FITTED, PANE, PICTURE);
  expect(toPicture(placed, 400, 150)).toEqual([100, 50]);
  expect(placed.top).toBeGreaterThan(0);
});

test("zooming keeps the place under the pointer", () => {
  const before = toPicture(place(FITTED, PANE, PICTURE), 520, 90);
  const view = zoomAt(FITTED, 3, before, PICTURE);
  const [x, y] = toPicture(place(view, PANE, PICTURE), 520, 90);
  expect(x).toBeCloseTo(before[0]);
  expect(y).toBeCloseTo(before[1]);
});

test("tall pixels are shown tall and read as one row", () => {
  const placed = place(FITTED, PANE, PICTURE, 2);
  const [, y] = toPicture(placed, 400, placed.top + placed.scale * 2 * 10, 2);
  expect(y).toBeCloseTo(10);
});

test("a picture cannot be lost beyond the pane's border", () => {
  expect(pan(FITTED, 9999, -9999, PICTURE)).toEqual({ zoom: 1, x: 100, y: -50 });
});
