/** Masks between the runs of COCO (down the columns) and one byte a pixel (along the rows). */

import type { RunLengths } from "../server/contract";

export interface Mask {
  width: number;
  height: number;
  /** 1 in, 0 out, row by row. */
  data: Uint8Array;
}

export const emptyMask = (width: number, height: number): Mask => ({
  width,
  height,
  data: new Uint8Array(width * height),
});

export const copyMask = (mask: Mask): Mask => ({ ...mask, data: mask.data.slice() });

export function fromRuns({ size: [height, width], counts }: RunLengths): Mask {
  const mask = emptyMask(width, height);
  let place = 0;
  counts.forEach((length, number) => {
    if (number % 2) {
      for (let at = place; at < place + length; at++)
        mask.data[(at % height) * width + Math.floor(at / height)] = 1;
    }
    place += length;
  });
  if (place !== width * height)
    throw new RangeError(`The runs cover ${place} pixels; the mask has ${width * height}.`);
  return mask;
}

/** Rows are read as they lie in memory; the changes found are then put in order of columns. */
export function toRuns({ width, height, data }: Mask): RunLengths {
  const changes: number[] = [];
  if (data[0]) changes.push(0);
  for (let x = 1; x < width; x++)
    if (data[x] !== data[(height - 1) * width + x - 1]) changes.push(x * height);
  for (let y = 1; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++)
      if (data[row + x] !== data[row + x - width]) changes.push(x * height + y);
  }
  const places = Float64Array.from(changes).sort();
  const counts: number[] = [];
  let last = 0;
  for (const place of places) {
    counts.push(place - last);
    last = place;
  }
  counts.push(width * height - last);
  return { size: [height, width], counts };
}

export function area({ data }: Mask): number {
  let sum = 0;
  for (let at = 0; at < data.length; at++) sum += data[at] ?? 0;
  return sum;
}
