import { encode } from "fast-png";
import { expect, test } from "vitest";
import { decodePicture, rangeOf, shadesOf } from "../src/pixels/picture";

test("sixteen bits are read exactly", () => {
  const data = Uint16Array.of(0, 1, 300, 65535, 40000, 7);
  const picture = decodePicture(encode({ width: 3, height: 2, data, channels: 1, depth: 16 }));
  expect(picture.top).toBe(65535);
  expect([...picture.data]).toEqual([...data]);
});

test("a few outliers do not make a picture dark", () => {
  const data = new Uint16Array(1000).map((_, at) => 1000 + (at % 100));
  data[5] = 65535;
  const range = rangeOf(
    { width: 40, height: 25, channels: 1, top: 65535, data },
    { low: -1024, step: 1 },
  );
  expect(range[0]).toBeLessThanOrEqual(-24);
  expect(range[1]).toBeLessThan(100);
});

test("a film that stores white as low is not shown as a negative", () => {
  const level = { center: 1500, width: 3000, isInverted: true };
  const shades = shadesOf(65535, { low: 0, step: 1 }, level);
  expect([shades[0], shades[3000], shades[9000]]).toEqual([255, 0, 0]);
  const upright = shadesOf(65535, { low: 0, step: 1 }, { ...level, isInverted: false });
  expect([upright[0], upright[3000]]).toEqual([0, 255]);
});
