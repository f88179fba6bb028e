/** What a reload of this tab brings back. It is gone when the tab is closed. */

import { effect } from "@preact/signals";
import { fromRuns, toRuns } from "../pixels/runs";
import type { ImageInfo, RunLengths, Side } from "../server/contract";
import { type Layer, newLayer } from "./layer";
import { tell } from "./notices";
import { Opened } from "./opened";
import { currentKey, history, pictures, side, type Theme, theme } from "./store";

const NAME = "lingseg.session";
const SAVING_PAUSE = 300;

type SavedLayer = Pick<
  Layer,
  "id" | "text" | "colour" | "opacity" | "style" | "isVisible" | "corrects" | "threshold"
> & { corrections: [number, RunLengths][] };

interface SavedPicture {
  info: ImageInfo;
  example: string | null;
  slice: number;
  activeId: number;
  layers: SavedLayer[];
}

interface Saved {
  pictures: SavedPicture[];
  current: number;
  side: Side | null;
  theme: Theme;
  history: readonly string[];
}

function saveLayer(layer: Layer): SavedLayer {
  const { id, text, colour, opacity, style, isVisible, corrects, threshold } = layer;
  const corrections = [...layer.corrections].map(([slice, mask]): [number, RunLengths] => [
    slice,
    toRuns(mask),
  ]);
  return { id, text, colour, opacity, style, isVisible, corrects, threshold, corrections };
}

function savePicture(opened: Opened): SavedPicture {
  const { source } = opened;
  return {
    info: opened.info.value,
    example: source && "example" in source ? source.example : null,
    slice: opened.slice.value,
    activeId: opened.activeId.value,
    layers: opened.layers.value.map(saveLayer),
  };
}

export function save(): void {
  const saved: Saved = {
    pictures: pictures.value.map(savePicture),
    current: pictures.value.findIndex((one) => one.key === currentKey.value),
    side: side.value,
    theme: theme.value,
    history: history.value,
  };
  try {
    sessionStorage.setItem(NAME, JSON.stringify(saved));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    tell("Your corrections have grown too large to survive a reload. Export them soon.");
  }
}

/** Read back what `save` kept. Returns false where there was nothing. */
export function restore(): boolean {
  const text = sessionStorage.getItem(NAME);
  if (!text) return false;
  try {
    const saved = JSON.parse(text) as Saved;
    pictures.value = saved.pictures.map(restorePicture);
    currentKey.value = pictures.value[saved.current]?.key ?? null;
    side.value = saved.side;
    theme.value = saved.theme;
    history.value = saved.history;
    return true;
  } catch {
    // An older page wrote it otherwise: better to start afresh than not at all.
    sessionStorage.removeItem(NAME);
    return false;
  }
}

function restorePicture(saved: SavedPicture): Opened {
  const opened = new Opened(saved.info, saved.example ? { example: saved.example } : null);
  opened.slice.value = saved.slice;
  opened.layers.value = saved.layers.map((layer) => ({
    ...newLayer(layer.id, layer.text, layer.colour),
    ...layer,
    corrections: new Map(layer.corrections.map(([slice, runs]) => [slice, fromRuns(runs)])),
  }));
  opened.activeId.value = saved.activeId;
  return opened;
}

export function saveAlways(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    for (const one of pictures.value)
      void [one.info.value, one.slice.value, one.activeId.value, one.layers.value];
    void [currentKey.value, side.value, theme.value, history.value];
    clearTimeout(timer);
    timer = setTimeout(save, SAVING_PAUSE);
  });
  addEventListener("pagehide", save);
}
