import { expect, test } from "vitest";
import { brushIn, growBrush, mostBrushIn, setBrush } from "../src/state/brush";

const of = (width: number, height: number) => ({ info: { value: { width, height } } });

test("a brush is as large a part of a large picture as of a small one", () => {
  setBrush(of(512, 512), 20);
  expect(brushIn(of(512, 512))).toBe(20);
  expect(brushIn(of(3000, 2000))).toBe(100);
  expect([mostBrushIn(of(512, 512)), mostBrushIn(of(3000, 2000))]).toEqual([60, 300]);
});

test("in a large picture the brush can still be one pixel, and grows from there", () => {
  const film = of(3000, 2000);
  setBrush(film, 1);
  expect(brushIn(film)).toBe(1);
  growBrush(film, 1);
  expect(brushIn(film)).toBe(2);
  setBrush(film, 9999);
  growBrush(film, 1);
  expect(brushIn(film)).toBe(300);
  growBrush(film, -1);
  expect(brushIn(film)).toBe(270);
});
