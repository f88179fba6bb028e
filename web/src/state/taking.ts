/** What is drawn is taken away as files: only masks that belong to what is written beside them. */

import { toRuns } from "../pixels/runs";
import type { ExportFormat, ExportLayer, MaskBySlice } from "../server/contract";
import { askAgain, lostSlices } from "./all_slices";
import { contradictions, isDrawnInstead, withoutDoubles } from "./doubled";
import { isSentence, type Layer } from "./layer";
import {
  answerOf,
  currentMask,
  currentSlices,
  isInStep,
  isSameMeaning,
  sentenceLayer,
  standsFor,
} from "./meaning";
import type { Opened } from "./opened";

/** Formats that hold one slice of a volume: the one that is shown. */
export const isOfOneSlice = (opened: Opened, format: ExportFormat): boolean =>
  opened.isVolume && (format === "png" || format === "coco");

export interface Taking {
  /** Whether all that is written and drawn is taken, be it visible or decided or not. */
  isWhole: boolean;
  /** What is saved. */
  layers: Layer[];
  /** Sentences whose answer is on its way. */
  awaited: Layer[];
  /** Corrections whose sentence or side has changed: a person must say what they are for. */
  undecided: Layer[];
  /** Drawn, and without a sentence. */
  nameless: Layer[];
  /** Several that are for one sentence and differ: a person must say which one holds. */
  doubled: Layer[][];
}

/** What is taken away of the visible layers, and what stands in the way. */
export function takingOf(opened: Opened, format: ExportFormat = "nifti"): Taking {
  const visible = opened.layers.value.filter((one) => one.isVisible);
  const answers = visible.filter((one) => one.corrects === null);
  const corrections = visible.filter((one) => one.corrects !== null);
  const nameless = corrections.filter((one) => !standsFor(opened, one).text);
  const named = corrections.filter((one) => !nameless.includes(one));
  const drawn = [...answers, ...named].filter((one) => slicesTaken(opened, one, format).length > 0);
  return {
    isWhole: format === "zip" && isWorkedOn(opened),
    layers: withoutDoubles(opened, drawn),
    doubled: contradictions(opened, drawn),
    awaited: answers.filter((one) => isAwaited(opened, one)),
    undecided: named.filter((one) => !isInStep(opened, one)),
    nameless,
  };
}

/** Whether something was written or drawn. */
export const isWorkedOn = (opened: Opened): boolean =>
  opened.layers.value.some((one) => one.corrects !== null || one.text.trim() !== "");

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
  const isMended = (one: Layer) => isDrawnInstead(opened, one, layers);
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

/** Whether a visible answer was corrected, and the correction is hidden: it is not what a person drew. */
export function isCorrectedUnseen(opened: Opened): boolean {
  const visible = opened.layers.value.filter((one) => one.isVisible);
  const answers = visible.filter((one) => isSentence(one) && !isDrawnInstead(opened, one, visible));
  const isOf = (hidden: Layer, one: Layer) =>
    hidden.corrects === one.id || isSameMeaning(standsFor(opened, hidden), standsFor(opened, one));
  return opened.layers.value.some(
    (one) => one.corrects !== null && !one.isVisible && answers.some((answer) => isOf(one, answer)),
  );
}

/** Why nothing can be saved just now; null where it can. */
export function hindrance({
  isWhole,
  layers,
  awaited,
  undecided,
  nameless,
  doubled,
}: Taking): string | null {
  if (!isWhole && undecided.length)
    return "A correction was drawn for another sentence or side: say first what it is for, below the sentence.";
  if (!isWhole && doubled.length)
    return "One sentence has several masks that differ: say first which one holds, below the sentence.";
  if (awaited.length) return "The answer is on its way.";
  if (isWhole || layers.length) return null;
  if (nameless.length) return "What you drew has no sentence yet: write one to save it.";
  return "Nothing is drawn yet: there is nothing to save.";
}

/** The slices of a sentence that are to be asked before it is saved: their answers are not here. */
function slicesToAsk(opened: Opened, layer: Layer, format: ExportFormat): number[] {
  const shown = opened.slice.value;
  const lost = lostSlices(layer).filter((one) => one < opened.info.value.slices);
  const isTried = !layer.text.trim() || layer.problem !== null || answerOf(layer, shown) !== null;
  const wanted = new Set([...lost, ...(isTried ? [] : [shown])]);
  const isTaken = (one: number) => !isOfOneSlice(opened, format) || one === shown;
  return [...wanted].filter(isTaken).sort((a, b) => a - b);
}

/** How many slices are asked once more when a picture is saved. */
export const numToAsk = (opened: Opened, layer: Layer): number =>
  slicesToAsk(opened, sentenceLayer(opened, layer), "nifti").length;

/** After a reload answers are missing: ask those that are saved. Throws where one is refused. */
export async function answerAll(opened: Opened, format: ExportFormat): Promise<void> {
  const visible = opened.layers.value.filter((one) => one.isVisible);
  for (const layer of opened.layers.value) {
    if (!isSentence(layer)) continue;
    const correction = visible.find((one) => one.corrects === layer.id);
    const isOver = correction && !opened.isVolume && format === "dataset";
    if (isOver || !(correction || layer.isVisible)) continue;
    await askAgain(opened, layer.id, slicesToAsk(opened, layer, format));
  }
}

/** What a file holds, mask for mask, to be kept in mind once it is saved. */
export function noteTaken(opened: Opened, format: ExportFormat): () => void {
  // A session holds what is hidden or undecided, too.
  const layers = format === "zip" ? opened.layers.value : takingOf(opened, format).layers;
  const taken = layers.filter((one) => one.corrects !== null);
  const held = taken.map((one) => {
    const slices = format === "zip" ? one.corrections.keys() : slicesTaken(opened, one, format);
    const masks = [...slices].flatMap((slice) => {
      const mask = one.corrections.get(slice);
      return mask ? [[slice, mask] as const] : [];
    });
    const meaning = standsFor(opened, one);
    return { id: one.id, masks, meaning: meaning.text ? meaning : null };
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
