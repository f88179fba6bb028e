import { expect, test } from "vitest";
import { drawBorder } from "../src/pixels/layer_pixels";
import { changedBetween, union, widened } from "../src/pixels/rect";
import { emptyMask, type Mask } from "../src/pixels/runs";

/** The pieces between single pixels that are drawn, each once, in any order. */
function edges(mask: Mask, rect = { left: 0, top: 0, right: mask.width, bottom: mask.height }) {
  const found: string[] = [];
  let from = [0, 0] as [number, number];
  drawBorder(mask, rect, {
    moveTo: (x, y) => {
      from = [x, y];
    },
    lineTo: (x, y) => {
      for (let at = from[0]; at < x; at++) found.push(`${at},${y}-`);
      for (let at = from[1]; at < y; at++) found.push(`${x},${at}|`);
    },
  });
  return found.sort();
}

function expected({ width, height, data }: Mask) {
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height ? data[y * width + x] : 0;
  const found: string[] = [];
  for (let y = 0; y <= height; y++)
    for (let x = 0; x <= width; x++) {
      if (x < width && at(x, y) !== at(x, y - 1)) found.push(`${x},${y}-`);
      if (y < height && at(x, y) !== at(x - 1, y)) found.push(`${x},${y}|`);
    }
  return found.sort();
}

function noise(): Mask {
  const mask = emptyMask(9, 7);
  for (let at = 0; at < mask.data.length; at++) mask.data[at] = (at * at * 7) % 11 < 5 ? 1 : 0;
  return mask;
}

test("the border runs between all pixels of which one is in, and around the picture", () => {
  expect(edges(noise())).toEqual(expected(noise()));
  expect(edges({ ...emptyMask(2, 2), data: Uint8Array.of(1, 0, 0, 1) })).toHaveLength(8);
});

test("a few pixels far apart, at the picture's edges, are not missed", () => {
  const mask = emptyMask(9, 7);
  for (const at of [0, 8, 20, 34, 54, 62]) mask.data[at] = 1;
  expect(edges(mask)).toEqual(expected(mask));
  const part = { left: 3, top: 2, right: 8, bottom: 5 };
  expect(edges(mask, part)).toEqual(["3,2|", "7,3-", "7,3|", "7,4-", "8,3|"]);
});

test("of a part, the border is the same as of the whole", () => {
  const rect = { left: 2, top: 1, right: 6, bottom: 5 };
  const within = expected(noise()).filter((one) => {
    const [x = 0, y = 0] = one.slice(0, -1).split(",").map(Number);
    const isAlong = one.endsWith("-");
    return x >= 2 && y >= 1 && x <= (isAlong ? 5 : 6) && y <= (isAlong ? 5 : 4);
  });
  expect(edges(noise(), rect)).toEqual(within);
});

test("where two masks differ is found, and can be joined and widened within the picture", () => {
  const before = noise();
  const after = { ...before, data: before.data.slice() };
  expect(changedBetween(before.data, after.data, 9)).toBeNull();
  for (const at of [2 * 9 + 8, 5 * 9 + 3]) after.data[at] = 1 - (after.data[at] ?? 0);
  const changed = changedBetween(before.data, after.data, 9);
  expect(changed).toEqual({ left: 3, top: 2, right: 9, bottom: 6 });
  expect(union(changed, { left: 0, top: 3, right: 1, bottom: 7 })).toEqual({
    left: 0,
    top: 2,
    right: 9,
    bottom: 7,
  });
  expect(changed && widened(changed, 2, before)).toEqual({ left: 1, top: 0, right: 9, bottom: 7 });
});
