/** Pictures as the server sends them, and how they are shown. */

import { decode } from "fast-png";
import type { Scale } from "../server/contract";

export interface Picture {
  width: number;
  height: number;
  channels: number;
  /** 255 or 65535. */
  top: number;
  data: Uint8Array | Uint16Array;
}

/** Decode a PNG exactly: a canvas would cut 16 bits to 8 and may touch the colours. */
export function decodePicture(bytes: Uint8Array): Picture {
  const png = decode(bytes);
  const { width, height, channels, depth } = png;
  const top = depth === 16 ? 65535 : 255;
  if (png.palette) return spread(png.data, width, height, png.palette);
  const data = png.data instanceof Uint16Array ? png.data : new Uint8Array(png.data);
  return { width, height, channels, top, data };
}

function spread(
  indices: ArrayLike<number>,
  width: number,
  height: number,
  palette: readonly (readonly number[])[],
): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) data.set(palette[indices[at] ?? 0] ?? [], at * 3);
  return { width, height, channels: 3, top: 255, data };
}

export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

export const AS_STORED: Scale = { low: 0, step: 1 };

/** The values between which all but the outermost hundredth of grey pixels lie. */
export function rangeOf(picture: Picture, scale: Scale): [number, number] {
  if (picture.top === 255) return [0, 255];
  const counts = new Uint32Array(picture.top + 1);
  for (const value of picture.data) counts[value] = (counts[value] ?? 0) + 1;
  const tail = picture.data.length / 200;
  const from = (start: number, step: number) => {
    let value = start;
    for (let seen = counts[value] ?? 0; seen <= tail; seen += counts[value] ?? 0) value += step;
    return value;
  };
  const [low, high] = [from(0, 1), from(picture.top, -1)];
  return [scale.low + low * scale.step, scale.low + Math.max(low + 1, high) * scale.step];
}

/** Grey is shown between two source values; colour as it is, brightened alike. */
export function showPicture(picture: Picture, scale: Scale, center: number, width: number) {
  const table = new Uint8ClampedArray(picture.top + 1);
  const low = center - width / 2;
  for (let value = 0; value <= picture.top; value++)
    table[value] = ((scale.low + value * scale.step - low) / Math.max(width, 1e-9)) * 255;
  const out = new Uint8ClampedArray(picture.width * picture.height * 4);
  const { channels, data } = picture;
  const isGrey = channels < 3;
  for (let at = 0; at < picture.width * picture.height; at++) {
    const from = at * channels;
    const to = at * 4;
    out[to] = table[data[from] ?? 0] ?? 0;
    out[to + 1] = isGrey ? (out[to] ?? 0) : (table[data[from + 1] ?? 0] ?? 0);
    out[to + 2] = isGrey ? (out[to] ?? 0) : (table[data[from + 2] ?? 0] ?? 0);
    out[to + 3] = 255;
  }
  return new ImageData(out, picture.width, picture.height);
}
