import { expect, test } from "vitest";
import { cutAt, drawStroke, fillFrom } from "../src/pixels/drawing";
import { area, emptyMask } from "../src/pixels/runs";

test("the smallest brush paints the one pixel under it", () => {
  const mask = emptyMask(6, 4);
  drawStroke(mask, [2.2, 1.9], [2.2, 1.9], 0.5, 1);
  expect(area(mask)).toBe(1);
  expect(mask.data[1 * 6 + 2]).toBe(1);
});

test("a fast stroke leaves no gap", () => {
  const mask = emptyMask(30, 5);
  drawStroke(mask, [2.5, 2.5], [27.5, 2.5], 1, 1);
  for (let x = 2; x < 28; x++) expect(mask.data[2 * 30 + x]).toBe(1);
});

test("a stroke beyond the border stays on the mask", () => {
  const mask = emptyMask(6, 4);
  drawStroke(mask, [-5, 1], [20, 1], 1, 1);
  expect(area(mask)).toBe(12);
});

test("a stroke tells where it changed something", () => {
  const mask = emptyMask(30, 20);
  expect(drawStroke(mask, [5.5, 6.5], [9.5, 6.5], 1, 1)).toEqual({
    left: 4,
    top: 5,
    right: 11,
    bottom: 8,
  });
  expect(drawStroke(mask, [5.5, 6.5], [9.5, 6.5], 1, 1)).toBeNull();
  expect(drawStroke(mask, [-50, 6], [-40, 6], 3, 1)).toBeNull();
});

test("fill closes a ring and leaves what is outside", () => {
  const mask = emptyMask(5, 5);
  for (const at of [6, 7, 8, 11, 13, 16, 17, 18]) mask.data[at] = 1;
  expect(fillFrom(mask, 2, 2)).toBe("filled");
  expect(area(mask)).toBe(9);
});

test("fill goes around corners and into every bay", () => {
  const rows = ["#########", "#..#...##", "#.##.#..#", "#....##.#", "#########"];
  const mask = emptyMask(9, 5);
  mask.data.set([...rows.join("")].map((one) => (one === "#" ? 1 : 0)));
  expect(fillFrom(mask, 1, 1)).toBe("filled");
  expect(area(mask)).toBe(45);
});

test("what is open to the picture's edge is not filled", () => {
  const mask = emptyMask(6, 5);
  for (const at of [7, 8, 9, 13, 15, 19, 21]) mask.data[at] = 1; // a ring with a gap
  expect(fillFrom(mask, 2, 2)).toBe("open");
  expect(fillFrom(emptyMask(6, 5), 3, 2)).toBe("open");
  expect(fillFrom(emptyMask(6, 5), 9, 2)).toBe("nothing");
});

test("more than half of the picture is not filled", () => {
  const mask = emptyMask(12, 12);
  for (let at = 0; at < 144; at++)
    if (at < 12 || at >= 132 || at % 12 === 0 || at % 12 === 11) mask.data[at] = 1;
  expect(fillFrom(mask, 5, 5)).toBe("large");
});

test("a part that touches the picture's edge can be taken away", () => {
  const mask = { ...emptyMask(4, 3), data: new Uint8Array(12).fill(1) };
  expect(fillFrom(mask, 0, 0)).toBe("filled");
  expect(area(mask)).toBe(0);
});

test("fill on a part takes that part away and no other", () => {
  const mask = emptyMask(5, 1);
  mask.data.set([1, 1, 0, 1, 1]);
  fillFrom(mask, 0, 0);
  expect([...mask.data]).toEqual([0, 0, 0, 1, 1]);
});

test("a pixel that just reaches the threshold is in", () => {
  const cut = cutAt(Uint8Array.of(50, 51, 52), 3, 1, 0.2);
  expect([...cut.data]).toEqual([0, 1, 1]);
});
