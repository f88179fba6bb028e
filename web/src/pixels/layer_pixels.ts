/** Masks and maps as transparent pixels to lay over a picture. */

import type { Rect } from "./rect";
import type { Mask } from "./runs";

export type Rgb = readonly [number, number, number];

export function rgbOf(colour: string): Rgb {
  const number = Number.parseInt(colour.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

/** A part of a mask as pixels. */
export function fillPixels(mask: Mask, [red, green, blue]: Rgb, rect: Rect): ImageData {
  const { left, top, right, bottom } = rect;
  const out = new ImageData(right - left, bottom - top);
  const words = new Uint32Array(out.data.buffer);
  const colour = wordOf(red, green, blue, 255);
  let to = 0;
  for (let y = top; y < bottom; y++)
    for (let at = y * mask.width + left, end = at + right - left; at < end; at++, to++)
      if (mask.data[at]) words[to] = colour;
  return out;
}

const probe = new Uint8Array(4);
const probeWord = new Uint32Array(probe.buffer);

/** Four bytes as the machine keeps them together. */
export function wordOf(red: number, green: number, blue: number, alpha: number): number {
  probe.set([red, green, blue, alpha]);
  return probeWord[0] ?? 0;
}

interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

/**
 * Draw the border within a part of a mask: straight pieces between pixels, joined along rows and
 * columns. Beyond the picture nothing is in the mask.
 */
export function drawBorder(mask: Mask, rect: Rect, pen: Pen): void {
  const { width, height, data } = mask;
  const { left, top, right, bottom } = rect;
  const open = new Int32Array(right + 1).fill(-1); // where the piece down each column began
  const spanIn = spansOf(mask, Math.max(0, left - 1), Math.min(width, right + 1));
  let [first, last] = spanIn(top - 1);
  for (let y = top; y <= bottom; y++) {
    const [start, end] = spanIn(y);
    const row = y * width;
    const to = Math.min(right, Math.max(last, end) + 1);
    let from = -1;
    for (let x = Math.max(left, Math.min(first, start)); x <= to; x++) {
      const here = x < width && y < height ? data[row + x] : 0;
      const above = x < width && y > 0 ? data[row - width + x] : 0;
      const before = x > 0 && y < height ? data[row + x - 1] : 0;
      if (here !== above && x < right) {
        if (from < 0) from = x;
      } else if (from >= 0) {
        pen.moveTo(from, y);
        pen.lineTo(x, y);
        from = -1;
      }
      const began = open[x] ?? -1;
      if (here !== before && y < bottom) {
        if (began < 0) open[x] = y;
      } else if (began >= 0) {
        pen.moveTo(x, began);
        pen.lineTo(x, y);
        open[x] = -1;
      }
    }
    [first, last] = [start, end];
  }
}

const NOTHING: readonly [number, number] = [Number.POSITIVE_INFINITY, -2];

/** The first and last column of each row that are in the mask, asked from the top row down. */
function spansOf({ width, height, data }: Mask, left: number, right: number) {
  let next = -1;
  return (y: number): readonly [number, number] => {
    if (y < 0 || y >= height) return NOTHING;
    const row = y * width;
    if (next < row + left) {
      next = data.indexOf(1, row + left);
      if (next < 0) next = data.length;
    }
    if (next >= row + right) return NOTHING;
    return [next - row, data.lastIndexOf(1, row + right - 1) - row];
  };
}

export function borderOf(mask: Mask, rect: Rect = boundsOf(mask)): Path2D {
  const path = new Path2D();
  drawBorder(mask, rect, path);
  return path;
}

/** The rows that hold something: most masks are small. */
function boundsOf({ width, height, data }: Mask): Rect {
  const first = data.indexOf(1);
  if (first < 0) return { left: 0, top: 0, right: 0, bottom: 0 };
  const last = data.lastIndexOf(1);
  return {
    left: 0,
    top: Math.floor(first / width),
    right: width,
    bottom: Math.min(height, Math.floor(last / width) + 1),
  };
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
