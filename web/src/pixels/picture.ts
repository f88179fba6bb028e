/** Pictures as the server sends them, and how they are shown. */

import { decode } from "fast-png";
import type { Scale } from "../server/contract";
import { wordOf } from "./layer_pixels";

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
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
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

/** Which values are shown black and white. */
export interface Level {
  center: number;
  width: number;
  /** The high values are the dark ones: films that store white as low. */
  isInverted: boolean;
}

/** Grey is shown between two source values; colour as it is, brightened alike. */
export function showPicture(picture: Picture, scale: Scale, level: Level): ImageData {
  const shades = shadesOf(picture.top, scale, level);
  const out = new ImageData(picture.width, picture.height);
  const { channels, data } = picture;
  const many = picture.width * picture.height;
  if (channels < 3) {
    const black = wordOf(0, 0, 0, 255);
    const step = wordOf(1, 1, 1, 0);
    const greys = new Uint32Array(shades.length);
    for (let at = 0; at < greys.length; at++) greys[at] = black + (shades[at] ?? 0) * step;
    const words = new Uint32Array(out.data.buffer);
    for (let at = 0, from = 0; at < many; at++, from += channels)
      words[at] = greys[data[from] ?? 0] ?? 0;
    return out;
  }
  for (let at = 0, from = 0, to = 0; at < many; at++, from += channels, to += 4) {
    out.data[to] = shades[data[from] ?? 0] ?? 0;
    out.data[to + 1] = shades[data[from + 1] ?? 0] ?? 0;
    out.data[to + 2] = shades[data[from + 2] ?? 0] ?? 0;
    out.data[to + 3] = 255;
  }
  return out;
}

/** How bright each stored value is shown. */
export function shadesOf(top: number, scale: Scale, level: Level): Uint8ClampedArray {
  const { center, isInverted } = level;
  const width = Math.max(level.width, 1e-9);
  const shades = new Uint8ClampedArray(top + 1);
  for (let value = 0; value <= top; value++) {
    const part = (scale.low + value * scale.step - center) / width + 0.5;
    shades[value] = (isInverted ? 1 - part : part) * 255;
  }
  return shades;
}
