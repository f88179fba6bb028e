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

export function toRuns({ width, height, data }: Mask): RunLengths {
  const counts: number[] = [];
  let value = 0;
  let length = 0;
  for (let column = 0; column < width; column++)
    for (let row = 0; row < height; row++) {
      const here = data[row * width + column] ?? 0;
      if (here === value) length++;
      else {
        counts.push(length);
        value = here;
        length = 1;
      }
    }
  counts.push(length);
  return { size: [height, width], counts };
}

export const area = (mask: Mask): number => mask.data.reduce((sum, one) => sum + one, 0);
