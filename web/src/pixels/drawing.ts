/** What the correcting tools do to a mask. All of them change it in place. */

import type { Mask } from "./runs";

/** Set a disc, and all that lies between two places of the pointer, to `value`. */
export function drawStroke(
  mask: Mask,
  from: readonly [number, number],
  to: readonly [number, number],
  radius: number,
  value: 0 | 1,
): void {
  const [x0, y0] = from;
  const [x1, y1] = to;
  const left = Math.max(0, Math.floor(Math.min(x0, x1) - radius));
  const right = Math.min(mask.width - 1, Math.ceil(Math.max(x0, x1) + radius));
  const top = Math.max(0, Math.floor(Math.min(y0, y1) - radius));
  const bottom = Math.min(mask.height - 1, Math.ceil(Math.max(y0, y1) + radius));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const long = dx * dx + dy * dy;
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const px = x + 0.5 - x0; // from the start of the stroke to the middle of the pixel
      const py = y + 0.5 - y0;
      const along = long ? Math.min(1, Math.max(0, (px * dx + py * dy) / long)) : 0;
      const away = (px - along * dx) ** 2 + (py - along * dy) ** 2;
      if (away <= radius * radius) mask.data[y * mask.width + x] = value;
    }
  const x = Math.floor(x1);
  const y = Math.floor(y1);
  if (x >= 0 && y >= 0 && x < mask.width && y < mask.height) mask.data[y * mask.width + x] = value;
}

/** Turn the connected pixels around a place over: a hole is filled, a part taken away. */
export function fillFrom(mask: Mask, x: number, y: number): number {
  if (x < 0 || y < 0 || x >= mask.width || y >= mask.height) return 0;
  const { width, height, data } = mask;
  const old = data[y * width + x] ?? 0;
  const stack = [y * width + x];
  let changed = 0;
  while (stack.length) {
    const at = stack.pop() ?? 0;
    if (data[at] !== old) continue;
    data[at] = 1 - old;
    changed++;
    const column = at % width;
    if (column > 0) stack.push(at - 1);
    if (column < width - 1) stack.push(at + 1);
    if (at >= width) stack.push(at - width);
    if (at < width * (height - 1)) stack.push(at + width);
  }
  return changed;
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
