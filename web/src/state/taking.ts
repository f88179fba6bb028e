/** What is drawn is taken away as files: only masks that belong to what is written beside them. */

import { toRuns } from "../pixels/runs";
import * as api from "../server/api";
import type { ExportFormat, ExportLayer, MaskBySlice } from "../server/contract";
import { isUnsaved, type Layer } from "./layer";
import {
  answerOf,
  currentMask,
  currentSlices,
  isInStep,
  sentenceLayer,
  standsFor,
} from "./meaning";
import { tell } from "./notices";
import type { Opened } from "./opened";
import { askOf, trying } from "./patience";
import { sessionOf } from "./session_zip";

/** Formats that hold one slice of a volume: the one that is shown. */
export const isOfOneSlice = (opened: Opened, format: ExportFormat): boolean =>
  opened.isVolume && (format === "png" || format === "coco");

export interface Taking {
  /** What is saved. */
  layers: Layer[];
  /** Sentences whose answer is on its way. */
  awaited: Layer[];
  /** Corrections whose sentence or side has changed: a person must say what they are for. */
  undecided: Layer[];
  /** Drawn, and without a sentence. */
  nameless: Layer[];
}

/** What is taken away of the visible layers, and what stands in the way. */
export function takingOf(opened: Opened, format: ExportFormat = "zip"): Taking {
  const visible = opened.layers.value.filter((one) => one.isVisible);
  const [answers, corrections] = [
    visible.filter((one) => one.corrects === null),
    visible.filter((one) => one.corrects !== null),
  ];
  const nameless = corrections.filter((one) => !standsFor(opened, one).text);
  const named = corrections.filter((one) => !nameless.includes(one));
  return {
    layers: [...answers, ...named].filter((one) => slicesTaken(opened, one, format).length > 0),
    awaited: answers.filter((one) => isAwaited(opened, one)),
    undecided: named.filter((one) => !isInStep(opened, one)),
    nameless,
  };
}

const isAwaited = (opened: Opened, layer: Layer) =>
  layer.text.trim() !== "" &&
  layer.problem === null &&
  !answerOf(layer, opened.slice.value) &&
  (layer.isAsking || layer.answers.has(opened.slice.value));

/** The slices of which a layer's own pixels are taken. */
function slicesTaken(opened: Opened, layer: Layer, format: ExportFormat): number[] {
  const slices = currentSlices(opened, layer);
  if (!isOfOneSlice(opened, format)) return slices;
  return slices.filter((one) => one === opened.slice.value);
}

/** The layers of a picture as the server is told of them. */
export function exportLayers(opened: Opened, format: ExportFormat): ExportLayer[] {
  const { layers } = takingOf(opened, format);
  // A model must not be taught an answer and its correction side by side.
  const isMended = (one: Layer) => layers.some((other) => other.corrects === one.id);
  const wanted = format === "dataset" ? layers.filter((one) => !isMended(one)) : layers;
  return wanted.map((one) => asExport(opened, one, format));
}

function asExport(opened: Opened, layer: Layer, format: ExportFormat): ExportLayer {
  const source = sentenceLayer(opened, layer);
  const own = slicesTaken(opened, layer, format);
  // Where a volume's slice was not corrected, the answer that is corrected holds.
  const slices = new Set([...own, ...slicesTaken(opened, source, format)]);
  const masks: MaskBySlice = {};
  for (const slice of [...slices].sort((a, b) => a - b)) {
    const mask = currentMask(opened, layer, slice) ?? currentMask(opened, source, slice);
    if (mask) masks[String(slice)] = toRuns(mask);
  }
  const [only] = Object.values(masks);
  const isCorrected = layer.corrects !== null;
  return {
    id: layer.id,
    corrects: layer.corrects,
    ...standsFor(opened, layer),
    mask: opened.isVolume || !only ? masks : only,
    is_corrected: isCorrected,
    is_painted: layer.isPainted,
    corrected_slices: isCorrected && opened.isVolume ? own : null,
    ...(isCorrected ? NOT_TOLD : toldOf(opened, layer, own)),
    colour: layer.colour,
    note: "",
  };
}

/** Of what a person drew no model tells how sure it is. */
const NOT_TOLD = { threshold: null, confidence: null, presence: null, slice_confidences: null };

/** What the model told of an answer; of a volume, of each slice its own. */
function toldOf(opened: Opened, layer: Layer, slices: readonly number[]) {
  const told = slices.flatMap((slice) => {
    const answer = answerOf(layer, slice)?.answer;
    return answer ? [[slice, answer] as const] : [];
  });
  const first = told[0]?.[1];
  const isOne = told.length === 1 || !opened.isVolume;
  return {
    threshold: layer.threshold ?? first?.threshold ?? null,
    confidence: isOne ? (first?.confidence ?? null) : null,
    presence: isOne ? (first?.presence ?? null) : null,
    slice_confidences: opened.isVolume
      ? Object.fromEntries(told.map(([slice, { confidence }]) => [String(slice), confidence]))
      : null,
  };
}

/** Why nothing can be saved just now; null where it can. */
export function hindrance({ layers, awaited, undecided, nameless }: Taking): string | null {
  if (undecided.length)
    return "A correction was drawn for another sentence or side: say first what it is for, below the sentence.";
  if (awaited.length) return "The answer is on its way.";
  if (layers.length) return null;
  if (nameless.length) return "What you drew has no sentence yet: write one to save it.";
  return "Nothing is drawn yet: there is nothing to save.";
}

/** What a file holds, mask for mask, to be kept in mind once it is saved. */
export function noteTaken(opened: Opened, format: ExportFormat): () => void {
  const taken = takingOf(opened, format).layers.filter((one) => one.corrects !== null);
  const held = taken.map((one) => {
    const masks = slicesTaken(opened, one, format).flatMap((slice) => {
      const mask = one.corrections.get(slice);
      return mask ? [[slice, mask] as const] : [];
    });
    return { id: one.id, masks, meaning: standsFor(opened, one) };
  });
  return () => {
    for (const { id, masks, meaning } of held) {
      const layer = opened.find(id);
      if (!layer) continue;
      opened.change(id, {
        saved: new Map([...layer.saved, ...masks]),
        drawnFor: layer.drawnFor ?? meaning,
      });
    }
  };
}

export function exportAs(
  opened: Opened,
  format: ExportFormat,
  isDeidentified: boolean,
): Promise<boolean> {
  return trying(async () => {
    const problem = hindrance(takingOf(opened, format));
    if (problem) {
      tell(problem);
      return;
    }
    const layers = exportLayers(opened, format);
    const isTaken = noteTaken(opened, format);
    const slice = opened.isVolume ? opened.slice.value : null;
    const { name, blob } = await askOf(opened, (id) =>
      api.exportLayers(id, layers, format, slice, isDeidentified),
    );
    save(name, format === "zip" ? await sessionOf(opened, blob, isDeidentified) : blob);
    isTaken();
    const of = isOfOneSlice(opened, format) ? `, slice ${(slice ?? 0) + 1} only` : "";
    const left = opened.layers.value.some(isUnsaved) ? " Other corrections are not saved yet." : "";
    tell(`Saved ${name}${of}. Research use only; not a medical device.${left}`, "done");
  }, "The file was not saved");
}

export function save(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
