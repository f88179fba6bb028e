/** What a reload of this tab brings back. It is gone when the tab is closed. */

import { effect } from "@preact/signals";
import { fromRuns, toRuns } from "../pixels/runs";
import type { ImageInfo, RunLengths, Side } from "../server/contract";
import { answeredSlices } from "./all_slices";
import { type Layer, newLayer } from "./layer";
import { meaningOf } from "./meaning";
import { tell } from "./notices";
import { Opened } from "./opened";
import { currentKey, history, pictures, side, type Theme, theme } from "./store";

const NAME = "lingseg.session.2";
const SAVING_PAUSE = 300;

const KEPT = [
  ...(["id", "text", "colour", "opacity", "style"] as const),
  ...(["isVisible", "corrects", "drawnFor", "isPainted", "threshold"] as const),
];

/**
 * Answers are asked again, and which slices had one is kept; what a person drew is kept, and whether
 * a file holds it.
 */
export type SavedLayer = Pick<Layer, (typeof KEPT)[number]> & {
  formerly?: Layer["formerly"];
  corrections: [number, RunLengths][];
  saved: number[];
};

export interface SavedPicture {
  info: ImageInfo;
  example: string | null;
  path: string;
  isOfSession: boolean;
  original: string;
  isDone: boolean;
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

export function saveLayer(layer: Layer): SavedLayer {
  const kept = Object.fromEntries(KEPT.map((name) => [name, layer[name]]));
  const corrections = [...layer.corrections].map(([slice, mask]): [number, RunLengths] => [
    slice,
    toRuns(mask),
  ]);
  const isSaved = (slice: number) => layer.saved.get(slice) === layer.corrections.get(slice);
  const saved = [...layer.corrections.keys()].filter(isSaved);
  const slices = layer.corrects === null ? answeredSlices(layer) : [];
  const formerly = slices.length ? { asked: meaningOf(layer.text), slices } : null;
  return { ...(kept as Pick<Layer, (typeof KEPT)[number]>), formerly, corrections, saved };
}

export function restoreLayer(kept: SavedLayer): Layer {
  const corrections = new Map(kept.corrections.map(([slice, runs]) => [slice, fromRuns(runs)]));
  const saved = new Map([...corrections].filter(([slice]) => kept.saved.includes(slice)));
  const formerly = kept.formerly ?? null; // older pages did not keep it
  return { ...newLayer(kept.id, kept.text, kept.colour), ...kept, formerly, corrections, saved };
}

export function savePicture(opened: Opened): SavedPicture {
  const { source } = opened;
  return {
    info: opened.info.value,
    example: source && "example" in source ? source.example : null,
    path: opened.path,
    isOfSession: opened.isOfSession,
    original: opened.original,
    isDone: opened.isDone.value,
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

export function restorePicture(saved: SavedPicture): Opened {
  const opened = new Opened(saved.info, saved.example ? { example: saved.example } : null);
  opened.slice.value = saved.slice;
  opened.layers.value = saved.layers.map(restoreLayer);
  opened.path = saved.path;
  opened.isOfSession = saved.isOfSession;
  opened.original = saved.original;
  opened.isDone.value = saved.isDone;
  opened.activeId.value = saved.activeId;
  return opened;
}

export function saveAlways(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    for (const one of pictures.value)
      void [
        one.info.value,
        one.slice.value,
        one.activeId.value,
        one.layers.value,
        one.isDone.value,
      ];
    void [currentKey.value, side.value, theme.value, history.value];
    clearTimeout(timer);
    timer = setTimeout(save, SAVING_PAUSE);
  });
  addEventListener("pagehide", save);
}
