/** The part of a picture in which something changed. */

export interface Rect {
  left: number;
  top: number;
  /** One past the last column, and the last row. */
  right: number;
  bottom: number;
}

/** Grows over the pixels that it is given. */
export function rectOf() {
  let left = Number.POSITIVE_INFINITY;
  let top = Number.POSITIVE_INFINITY;
  let right = 0;
  let bottom = 0;
  return {
    take(x: number, y: number): void {
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      if (y >= bottom) bottom = y + 1;
    },
    rect: (): Rect | null => (right ? { left, top, right, bottom } : null),
  };
}

export function union(one: Rect | null, other: Rect | null): Rect | null {
  if (!one || !other) return one ?? other;
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}

/** With a seam around it, but not beyond the picture. */
export function widened(rect: Rect, by: number, size: { width: number; height: number }): Rect {
  return {
    left: Math.max(0, rect.left - by),
    top: Math.max(0, rect.top - by),
    right: Math.min(size.width, rect.right + by),
    bottom: Math.min(size.height, rect.bottom + by),
  };
}

/** Where two pictures of the same size differ. */
export function changedBetween(one: Uint8Array, other: Uint8Array, width: number): Rect | null {
  const changed = rectOf();
  const height = one.length / width;
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) if (one[at] !== other[at]) changed.take(x, y);
  return changed.rect();
}
