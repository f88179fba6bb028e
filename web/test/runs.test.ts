import { expect, test } from "vitest";
import { area, emptyMask, fromRuns, toRuns } from "../src/pixels/runs";

test("runs go down the columns, outside first", () => {
  const mask = fromRuns({ size: [2, 3], counts: [1, 2, 3] });
  expect([...mask.data]).toEqual([0, 1, 0, 1, 0, 0]);
});

test("a mask that starts inside has a first run of nothing", () => {
  const mask = { ...emptyMask(3, 2), data: Uint8Array.of(1, 0, 0, 0, 0, 0) };
  expect(toRuns(mask)).toEqual({ size: [2, 3], counts: [0, 1, 5] });
});

test("to runs and back changes nothing", () => {
  const mask = emptyMask(7, 5);
  for (let at = 0; at < mask.data.length; at++) mask.data[at] = (at * at) % 3 === 1 ? 1 : 0;
  expect(fromRuns(toRuns(mask))).toEqual(mask);
  expect(area(mask)).toBe(mask.data.filter(Boolean).length);
});

test("runs that do not cover the mask are refused", () => {
  expect(() => fromRuns({ size: [2, 3], counts: [1, 2] })).toThrow("cover 3 pixels");
});
