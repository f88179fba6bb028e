/** Masks and maps as transparent pixels to lay over a picture. */

import type { Mask } from "./runs";

export type Rgb = readonly [number, number, number];

export function rgbOf(colour: string): Rgb {
  const number = Number.parseInt(colour.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

export function fillPixels(mask: Mask, [red, green, blue]: Rgb): ImageData {
  const out = new Uint8ClampedArray(mask.width * mask.height * 4);
  for (let at = 0; at < mask.data.length; at++)
    if (mask.data[at]) {
      out[at * 4] = red;
      out[at * 4 + 1] = green;
      out[at * 4 + 2] = blue;
      out[at * 4 + 3] = 255;
    }
  return new ImageData(out, mask.width, mask.height);
}

/** The border of a mask as straight pieces between pixels, joined along rows and columns. */
export function borderOf({ width, height, data }: Mask): Path2D {
  const path = new Path2D();
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height ? data[y * width + x] : 0;
  for (let y = 0; y <= height; y++)
    for (let x = 0; x < width; x++)
      if (at(x, y) !== at(x, y - 1)) {
        path.moveTo(x, y);
        while (x + 1 < width && at(x + 1, y) !== at(x + 1, y - 1)) x++;
        path.lineTo(x + 1, y);
      }
  for (let x = 0; x <= width; x++)
    for (let y = 0; y < height; y++)
      if (at(x, y) !== at(x - 1, y)) {
        path.moveTo(x, y);
        while (y + 1 < height && at(x, y + 1) !== at(x - 1, y + 1)) y++;
        path.lineTo(x, y + 1);
      }
  return path;
}

/** 128 is no change; above, a word carried the pixel (orange); below, it held it back (blue). */
export function strikePixels(map: Uint8Array, width: number, height: number): ImageData {
  const out = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    const change = (map[at] ?? 128) - 128;
    const [red, green, blue] = change > 0 ? [255, 138, 61] : [77, 163, 255];
    out[at * 4] = red;
    out[at * 4 + 1] = green;
    out[at * 4 + 2] = blue;
    out[at * 4 + 3] = Math.min(230, Math.abs(change) * 3);
  }
  return new ImageData(out, width, height);
}
