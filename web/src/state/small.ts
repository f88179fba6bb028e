/** Small pictures for the list: made when a picture is looked at, kept when its pixels go. */

import { effect, type Signal, signal } from "@preact/signals";
import { type Picture, showPicture } from "../pixels/picture";
import type { Opened } from "./opened";
import { current } from "./store";

const SIDE = 44;
const kept = new WeakMap<Opened, Signal<ImageData | null>>();

export function smallOf(opened: Opened): Signal<ImageData | null> {
  const small = kept.get(opened) ?? signal<ImageData | null>(null);
  kept.set(opened, small);
  return small;
}

export function keepSmall(): void {
  effect(() => {
    const opened = current.value;
    const picture = opened?.picture.value;
    if (!opened || !picture) return;
    const level = opened.firstLevel.value;
    smallOf(opened).value = showPicture(sampleOf(picture), opened.scale.value, level);
  });
}

/** Every so manieth pixel. */
export function sampleOf(picture: Picture): Picture {
  const { channels } = picture;
  const step = Math.max(1, picture.width / SIDE, picture.height / SIDE);
  const width = Math.max(1, Math.round(picture.width / step));
  const height = Math.max(1, Math.round(picture.height / step));
  const many = width * height * channels;
  const data = picture.top === 255 ? new Uint8Array(many) : new Uint16Array(many);
  const from = (at: number, most: number) => Math.min(most - 1, Math.floor((at + 0.5) * step));
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const start =
        (from(row, picture.height) * picture.width + from(column, picture.width)) * channels;
      data.set(picture.data.subarray(start, start + channels), (row * width + column) * channels);
    }
  return { ...picture, width, height, data };
}
