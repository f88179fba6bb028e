/** The brush is as large on the screen in a large picture as in a small one. */

import type { ImageInfo } from "../server/contract";
import { brushSize } from "./store";

const SMALL = 600;
const MOST = 60;

interface Shown {
  info: { readonly value: Pick<ImageInfo, "width" | "height"> };
}

/** How many pixels of this picture one step of the brush's size is; one in pictures up to 600. */
function pixelsIn({ info }: Shown): number {
  return Math.max(1, Math.max(info.value.width, info.value.height) / SMALL);
}

/** In pixels of this picture. */
export const brushIn = (opened: Shown): number =>
  Math.max(1, Math.round(brushSize.value * pixelsIn(opened)));

export const mostBrushIn = (opened: Shown): number => Math.round(MOST * pixelsIn(opened));

export function setBrush(opened: Shown, size: number): void {
  brushSize.value = Math.min(mostBrushIn(opened), Math.max(1, size)) / pixelsIn(opened);
}

/** A tenth larger or smaller, or a pixel. */
export function growBrush(opened: Shown, direction: 1 | -1): void {
  const size = brushIn(opened);
  setBrush(opened, size + direction * Math.max(1, Math.round(size / 10)));
}
