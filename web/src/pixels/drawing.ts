/** What the correcting tools do to a mask. All of them change it in place. */

import { type Rect, rectOf } from "./rect";
import type { Mask } from "./runs";

/** Set a disc, and all that lies between two places of the pointer; return where it changed. */
export function drawStroke(
  mask: Mask,
  from: readonly [number, number],
  to: readonly [number, number],
  radius: number,
  value: 0 | 1,
): Rect | null {
  const { width, height, data } = mask;
  const [x0, y0] = from;
  const [x1, y1] = to;
  const least = Math.max(0, Math.floor(Math.min(x0, x1) - radius));
  const most = Math.min(width - 1, Math.ceil(Math.max(x0, x1) + radius));
  const top = Math.max(0, Math.floor(Math.min(y0, y1) - radius));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(y0, y1) + radius));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const long = dx * dx + dy * dy;
  const changed = rectOf();
  const set = (x: number, y: number) => {
    if (data[y * width + x] === value) return;
    data[y * width + x] = value;
    changed.take(x, y);
  };
  for (let y = top; y <= bottom; y++)
    for (let x = least; x <= most; x++) {
      const px = x + 0.5 - x0; // from the start of the stroke to the middle of the pixel
      const py = y + 0.5 - y0;
      const along = long ? Math.min(1, Math.max(0, (px * dx + py * dy) / long)) : 0;
      const away = (px - along * dx) ** 2 + (py - along * dy) ** 2;
      if (away <= radius * radius) set(x, y);
    }
  const x = Math.floor(x1);
  const y = Math.floor(y1);
  if (x >= 0 && y >= 0 && x < width && y < height) set(x, y);
  return changed.rect();
}

/** What became of a fill; "open" and "large" leave the mask half filled, to be thrown away. */
export type Filled = "filled" | "nothing" | "open" | "large";

/**
 * Turn the connected pixels around a place over: a hole is filled, a part taken away.
 *
 * What is filled must be a hole: neither open to the picture's edge nor most of the picture.
 */
export function fillFrom(mask: Mask, x: number, y: number): Filled {
  const { width, height, data } = mask;
  if (x < 0 || y < 0 || x >= width || y >= height) return "nothing";
  const old = data[y * width + x] ?? 0;
  const stack = [y * width + x];
  let changed = 0;
  while (stack.length) {
    const at = stack.pop() ?? 0;
    if (data[at] !== old) continue;
    const row = at - (at % width);
    let left = at;
    while (left > row && data[left - 1] === old) left--;
    let end = at + 1;
    while (end < row + width && data[end] === old) end++;
    const isAtEdge = left === row || end === row + width || !row || row === width * (height - 1);
    if (!old && isAtEdge) return "open";
    data.fill(1 - old, left, end);
    changed += end - left;
    if (!old && changed > data.length / 2) return "large";
    if (row) pushRuns(data, old, left - width, end - width, stack);
    if (row < width * (height - 1)) pushRuns(data, old, left + width, end + width, stack);
  }
  return "filled";
}

/** One place of each run between two places that is still to be turned over. */
function pushRuns(data: Uint8Array, old: number, from: number, to: number, stack: number[]): void {
  for (let at = from; at < to; at++)
    if (data[at] === old && (at === from || data[at - 1] !== old)) stack.push(at);
}

/** The mask of probabilities (0 to 255) that reach a threshold (0 to 1). */
export function cutAt(
  probabilities: Uint8Array,
  width: number,
  height: number,
  threshold: number,
): Mask {
  const least = threshold * 255;
  const data = new Uint8Array(width * height);
  for (let at = 0; at < data.length; at++) data[at] = (probabilities[at] ?? 0) >= least ? 1 : 0;
  return { width, height, data };
}
