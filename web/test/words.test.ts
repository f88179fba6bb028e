import { expect, test } from "vitest";
import { inWords, wordsOf } from "../src/panel/answer";

test("words are found where they stand, without the marks around them", () => {
  expect(wordsOf("One medium-sized mass, at left.")).toEqual([
    { text: "One", start: 0 },
    { text: "medium-sized", start: 4 },
    { text: "mass", start: 17 },
    { text: "at", start: 23 },
    { text: "left", start: 26 },
  ]);
});

test("what a word did is told in a sentence", () => {
  const word = { word: "left", start: 0, end: 4, effect: 0, map: "" };
  expect(inWords({ ...word, lost_pixels: 1, gained_pixels: 1200 })).toBe(
    "Without “left” the mask loses 1 pixel and gains 1,200 pixels.",
  );
  expect(inWords({ ...word, lost_pixels: 0, gained_pixels: 0 })).toContain("stays the same");
});
