import { encode } from "fast-png";
import { expect, test } from "vitest";
import { decodePicture, rangeOf } from "../src/pixels/picture";

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
