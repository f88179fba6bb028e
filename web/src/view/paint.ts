/** Draw a picture, its layers and a strike map onto a canvas; what did not change is kept. */

import { borderOf, fillPixels, rgbOf, strikePixels } from "../pixels/layer_pixels";
import { type Level, type Picture, showPicture } from "../pixels/picture";
import { changedBetween, widened } from "../pixels/rect";
import type { Mask } from "../pixels/runs";
import { type Placed, place } from "../pixels/viewport";
import type { StruckWord } from "../server/contract";
import { type Layer, maskOf, readGrey } from "../state/layer";
import { isOutdated } from "../state/meaning";
import type { Draft, Opened } from "../state/opened";

export interface Scene {
  opened: Opened;
  layers: readonly Layer[];
  /** A stroke under way; its layer is none of `layers` then. */
  draft: Draft | null;
  struck: StruckWord | null;
  brush: { at: readonly [number, number]; size: number } | null;
}

function blank(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

function canvasOf(pixels: ImageData): HTMLCanvasElement {
  const canvas = blank(pixels.width, pixels.height);
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}

interface Shown {
  key: string;
  canvas: HTMLCanvasElement;
}
const shown = new WeakMap<Picture, Shown>();

function pictureCanvas(opened: Opened, picture: Picture): HTMLCanvasElement {
  const level: Level = opened.level.value ?? opened.firstLevel.value;
  const scale = opened.scale.value;
  const key = `${scale.low} ${scale.step} ${level.center} ${level.width} ${level.isInverted}`;
  const kept = shown.get(picture);
  if (kept?.key === key) return kept.canvas;
  const canvas = kept?.canvas ?? blank(picture.width, picture.height);
  canvas.getContext("2d")?.putImageData(showPicture(picture, scale, level), 0, 0);
  shown.set(picture, { key, canvas });
  return canvas;
}

interface Fill {
  /** The mask that the canvas shows. */
  data: Uint8Array;
  colour: string;
  canvas: HTMLCanvasElement;
}
const fills = new WeakMap<Opened, Map<number, Fill>>();
const borders = new WeakMap<Uint8Array, Path2D>();
const maps = new WeakMap<StruckWord, HTMLCanvasElement>();

/** A picture that is not looked at keeps no canvases: of a hundred films they would fill the memory. */
export function forget(opened: Opened): void {
  fills.delete(opened);
  if (opened.picture.value) shown.delete(opened.picture.value);
}

/** The fill of a layer, on the canvas that it had before: only what changed is drawn anew. */
function fillCanvas(opened: Opened, layer: Layer, mask: Mask, fresh: Draft["fresh"] | null) {
  const ofLayers = fills.get(opened) ?? new Map<number, Fill>();
  fills.set(opened, ofLayers);
  const { width, height, data } = mask;
  let kept = ofLayers.get(layer.id);
  if (kept?.colour !== layer.colour || kept.data.length !== data.length) {
    const canvas = blank(width, height);
    kept = { data: new Uint8Array(data.length), colour: layer.colour, canvas };
    ofLayers.set(layer.id, kept);
  }
  const isOther = kept.data !== data;
  const changed = isOther ? changedBetween(kept.data, data, width) : (fresh?.rect ?? null);
  if (fresh) fresh.rect = null;
  kept.data = data;
  if (changed) {
    const pixels = fillPixels(mask, rgbOf(layer.colour), changed);
    kept.canvas.getContext("2d")?.putImageData(pixels, changed.left, changed.top);
  }
  return kept.canvas;
}

function border(mask: Mask): Path2D {
  const path = borders.get(mask.data) ?? borderOf(mask);
  borders.set(mask.data, path);
  return path;
}

function mapCanvas(word: StruckWord, { width, height }: Picture): HTMLCanvasElement {
  const canvas =
    maps.get(word) ?? canvasOf(strikePixels(readGrey(word.map, width, height), width, height));
  maps.set(word, canvas);
  return canvas;
}

/** A picture of the pane's size that is kept until one of its parts is another. */
interface Kept {
  parts: readonly unknown[];
  canvas: HTMLCanvasElement;
}
const films = new WeakMap<HTMLCanvasElement, Kept>();
const grounds = new WeakMap<HTMLCanvasElement, Kept>();

function keptCanvas(
  of: WeakMap<HTMLCanvasElement, Kept>,
  pane: HTMLCanvasElement,
  parts: readonly unknown[],
  draw: (context: CanvasRenderingContext2D) => void,
): HTMLCanvasElement {
  const kept = of.get(pane);
  const isSame =
    kept?.parts.length === parts.length && parts.every((one, at) => one === kept.parts[at]);
  if (kept && isSame) return kept.canvas;
  const canvas = kept?.canvas ?? blank(pane.width, pane.height);
  canvas.width = pane.width; // empties it, too
  canvas.height = pane.height;
  const context = canvas.getContext("2d");
  if (context) draw(context);
  of.set(pane, { parts, canvas });
  return canvas;
}

const PIXELS_FROM = 3;
const STRUCK_DIM = 0.35;
/** A mask whose sentence was changed since: the new one is on its way, or was refused. */
const OUTDATED_DIM = 0.35;

/** A place on a pane: where the picture is drawn, and how large. */
interface Stage {
  canvas: HTMLCanvasElement;
  dpr: number;
  tall: number;
  placed: Placed;
}

export function paint(canvas: HTMLCanvasElement, scene: Scene): Placed | null {
  const context = canvas.getContext("2d");
  const { opened, draft, brush } = scene;
  const picture = opened.picture.value;
  if (!context) return null;
  const dpr = devicePixelRatio || 1;
  const pane = { width: canvas.width / dpr, height: canvas.height / dpr };
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!picture || !canvas.width || !canvas.height) return null;
  const { tall } = opened;
  const placed = place(opened.view.value, pane, picture, tall);
  const stage = { canvas, dpr, tall, placed };
  if (draft || brush) context.drawImage(groundCanvas(stage, scene, picture), 0, 0);
  else {
    paintFilm(context, stage, opened, picture);
    paintLayers(context, stage, scene, picture);
  }
  toPicture(context, stage);
  context.imageSmoothingEnabled = false;
  if (draft) paintDraft(context, opened, draft, placed.scale);
  if (brush) paintBrush(context, brush, placed.scale);
  return placed;
}

function toPicture(context: CanvasRenderingContext2D, { dpr, tall, placed }: Stage): void {
  const { scale, left, top } = placed;
  context.setTransform(dpr * scale, 0, 0, dpr * scale * tall, dpr * left, dpr * top);
}

/** While one paints, the picture and all on it that a stroke does not change are kept as pixels. */
function groundCanvas(stage: Stage, scene: Scene, picture: Picture): HTMLCanvasElement {
  const { opened, draft } = scene;
  const { canvas, dpr, tall, placed } = stage;
  const { scale, left, top } = placed;
  const source = pictureCanvas(opened, picture);
  const size = [canvas.width, canvas.height, dpr, scale, tall, left, top];
  const where = [source, shown.get(picture)?.key, ...size];
  const film = keptCanvas(films, canvas, where, (to) => paintFilm(to, stage, opened, picture));
  const slice = opened.slice.value;
  const masks = scene.layers.flatMap((one) => [maskOf(one, slice), isOutdated(opened, one, slice)]);
  const parts = [...where, scene.struck, draft?.layer.corrects, ...scene.layers, ...masks];
  return keptCanvas(grounds, canvas, parts, (to) => {
    to.drawImage(film, 0, 0);
    paintLayers(to, stage, scene, picture);
  });
}

function paintFilm(
  context: CanvasRenderingContext2D,
  stage: Stage,
  opened: Opened,
  picture: Picture,
): void {
  toPicture(context, stage);
  context.imageSmoothingEnabled = stage.placed.scale < PIXELS_FROM;
  context.imageSmoothingQuality = "high";
  context.drawImage(pictureCanvas(opened, picture), 0, 0);
}

function paintLayers(
  context: CanvasRenderingContext2D,
  stage: Stage,
  { opened, layers, struck, draft }: Scene,
  picture: Picture,
): void {
  toPicture(context, stage);
  context.imageSmoothingEnabled = false; // a mask's pixels are in or out
  const outlined = draft?.layer.corrects; // as it will be once there is a correction
  for (const layer of layers) {
    const mask = maskOf(layer, opened.slice.value);
    if (!mask || !layer.isVisible) continue;
    const isOutline = layer.style === "outline" || layer.id === outlined || !!struck;
    const isOld = isOutdated(opened, layer, opened.slice.value);
    const strength = (struck ? STRUCK_DIM : 1) * (isOld ? OUTDATED_DIM : 1);
    paintLayer(context, opened, layer, mask, stage.placed.scale, { isOutline, strength });
  }
  if (struck) context.drawImage(mapCanvas(struck, picture), 0, 0);
}

function paintLayer(
  context: CanvasRenderingContext2D,
  opened: Opened,
  layer: Layer,
  mask: Mask,
  scale: number,
  { isOutline, strength }: { isOutline: boolean; strength: number },
): void {
  if (!isOutline) {
    context.globalAlpha = layer.opacity * strength;
    context.drawImage(fillCanvas(opened, layer, mask, null), 0, 0);
  }
  context.globalAlpha = strength;
  if (layer.style !== "fill" || isOutline) strokeBorder(context, border(mask), layer.colour, scale);
  context.globalAlpha = 1;
}

/** A stroke under way: its border is measured anew only where it went. */
function paintDraft(
  context: CanvasRenderingContext2D,
  opened: Opened,
  { layer, before, mask, touched, fresh }: Draft,
  scale: number,
): void {
  if (layer.style !== "outline") {
    context.globalAlpha = layer.opacity;
    context.drawImage(fillCanvas(opened, layer, mask, fresh), 0, 0);
    context.globalAlpha = 1;
  }
  if (layer.style === "fill") return;
  const around = widened(touched, 1 + Math.ceil(2 / scale), mask); // lines have a width
  const inside = new Path2D();
  inside.rect(around.left, around.top, around.right - around.left, around.bottom - around.top);
  const outside = new Path2D(inside);
  outside.rect(-9, -9, mask.width + 18, mask.height + 18);
  for (const [part, path] of [
    [outside, border(before)],
    [inside, borderOf(mask, around)],
  ] as const) {
    context.save();
    context.clip(part, "evenodd");
    strokeBorder(context, path, layer.colour, scale);
    context.restore();
  }
}

function strokeBorder(
  context: CanvasRenderingContext2D,
  path: Path2D,
  colour: string,
  scale: number,
): void {
  context.lineCap = "square";
  context.strokeStyle = "rgb(0 0 0 / 0.55)"; // seen on bright pictures too
  context.lineWidth = 3.5 / scale;
  context.stroke(path);
  context.strokeStyle = colour;
  context.lineWidth = 1.75 / scale;
  context.stroke(path);
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
