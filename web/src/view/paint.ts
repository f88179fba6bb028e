/** Draw a picture, its layers and a strike map onto a canvas. */

import { borderOf, fillPixels, rgbOf, strikePixels } from "../pixels/layer_pixels";
import { type Picture, showPicture } from "../pixels/picture";
import type { Mask } from "../pixels/runs";
import { type Placed, place } from "../pixels/viewport";
import type { StruckWord } from "../server/contract";
import { type Layer, maskOf, readGrey } from "../state/layer";
import type { Level, Opened } from "../state/opened";

export interface Scene {
  opened: Opened;
  layers: readonly Layer[];
  struck: StruckWord | null;
  brush: { at: readonly [number, number]; size: number } | null;
}

function canvasOf(pixels: ImageData): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}

interface Shown {
  level: string;
  canvas: HTMLCanvasElement;
}
const shown = new WeakMap<Picture, Shown>();

function pictureCanvas(opened: Opened, picture: Picture, level: Level): HTMLCanvasElement {
  const scale = opened.scale.value;
  const key = `${scale.low} ${scale.step} ${level.center} ${level.width}`;
  const kept = shown.get(picture);
  if (kept?.level === key) return kept.canvas;
  const canvas = canvasOf(showPicture(picture, scale, level.center, level.width));
  shown.set(picture, { level: key, canvas });
  return canvas;
}

const fills = new WeakMap<Mask, { colour: string; canvas: HTMLCanvasElement }>();
const borders = new WeakMap<Mask, Path2D>();
const maps = new WeakMap<StruckWord, HTMLCanvasElement>();

function fillCanvas(mask: Mask, colour: string): HTMLCanvasElement {
  const kept = fills.get(mask);
  if (kept?.colour === colour) return kept.canvas;
  const canvas = canvasOf(fillPixels(mask, rgbOf(colour)));
  fills.set(mask, { colour, canvas });
  return canvas;
}

function border(mask: Mask): Path2D {
  const path = borders.get(mask) ?? borderOf(mask);
  borders.set(mask, path);
  return path;
}

function mapCanvas(word: StruckWord, { width, height }: Picture): HTMLCanvasElement {
  const canvas =
    maps.get(word) ?? canvasOf(strikePixels(readGrey(word.map, width, height), width, height));
  maps.set(word, canvas);
  return canvas;
}

const PIXELS_FROM = 3;
const STRUCK_DIM = 0.35;

export function paint(canvas: HTMLCanvasElement, scene: Scene): Placed | null {
  const context = canvas.getContext("2d");
  const { opened } = scene;
  const picture = opened.picture.value;
  if (!context) return null;
  const dpr = devicePixelRatio || 1;
  const pane = { width: canvas.width / dpr, height: canvas.height / dpr };
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!picture) return null;
  const { tall } = opened;
  const placed = place(opened.view.value, pane, picture, tall);
  const { scale, left, top } = placed;
  context.setTransform(dpr * scale, 0, 0, dpr * scale * tall, dpr * left, dpr * top);
  context.imageSmoothingEnabled = scale < PIXELS_FROM;
  context.imageSmoothingQuality = "high";
  const level = opened.level.value ?? opened.firstLevel.value;
  context.drawImage(pictureCanvas(opened, picture, level), 0, 0);
  context.imageSmoothingEnabled = false; // a mask's pixels are in or out
  for (const layer of scene.layers) paintLayer(context, layer, opened, scale, !!scene.struck);
  if (scene.struck) context.drawImage(mapCanvas(scene.struck, picture), 0, 0);
  if (scene.brush) paintBrush(context, scene.brush, scale);
  return placed;
}

function paintLayer(
  context: CanvasRenderingContext2D,
  layer: Layer,
  opened: Opened,
  scale: number,
  isDim: boolean,
): void {
  const mask = maskOf(layer, opened.slice.value);
  if (!layer.isVisible || !mask) return;
  if (layer.style !== "outline" && !isDim) {
    context.globalAlpha = layer.opacity;
    context.drawImage(fillCanvas(mask, layer.colour), 0, 0);
  }
  context.globalAlpha = isDim ? STRUCK_DIM : 1;
  if (layer.style !== "fill" || isDim) {
    const path = border(mask);
    context.lineCap = "square";
    context.strokeStyle = "rgb(0 0 0 / 0.55)"; // seen on bright pictures too
    context.lineWidth = 3.5 / scale;
    context.stroke(path);
    context.strokeStyle = layer.colour;
    context.lineWidth = 1.75 / scale;
    context.stroke(path);
  }
  context.globalAlpha = 1;
}

function paintBrush(
  context: CanvasRenderingContext2D,
  brush: NonNullable<Scene["brush"]>,
  scale: number,
): void {
  context.beginPath();
  context.arc(brush.at[0], brush.at[1], Math.max(brush.size / 2, 0.5), 0, 2 * Math.PI);
  context.lineWidth = 3 / scale;
  context.strokeStyle = "rgb(0 0 0 / 0.7)";
  context.stroke();
  context.lineWidth = 1.25 / scale;
  context.strokeStyle = "#fff";
  context.stroke();
}
