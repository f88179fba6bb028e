/** A sentence, what was answered, and what was corrected by hand. */

import { cutAt } from "../pixels/drawing";
import { decodeBase64, decodePicture } from "../pixels/picture";
import { fromRuns, type Mask } from "../pixels/runs";
import type { Answer, MaskBySlice, RunLengths, StruckWord } from "../server/contract";

export type Style = "fill" | "outline" | "both";

/** Okabe and Ito's colours, light enough for dark films: told apart with any colour vision. */
export const COLOURS = [
  "#ffb000",
  "#56b4e9",
  "#2fd6a0",
  "#e98bc0",
  "#f0e442",
  "#ff7a45",
  "#9d9bff",
  "#c9d4dc",
] as const;

export interface SliceAnswer {
  answer: Answer;
  mask: Mask;
  /** 255 is one; null where the server was not asked for them. */
  probabilities: Uint8Array | null;
}

export interface Layer {
  id: number;
  text: string;
  colour: string;
  opacity: number;
  style: Style;
  isVisible: boolean;
  /** Whose answer this corrects; null for a sentence's own answer. */
  corrects: number | null;
  /** Where the threshold slider was moved to; null: the model's own threshold. */
  threshold: number | null;
  answers: ReadonlyMap<number, SliceAnswer>;
  corrections: ReadonlyMap<number, Mask>;
  words: ReadonlyMap<number, StruckWord[]>;
  isAsking: boolean;
  problem: string | null;
}

export function newLayer(id: number, text: string, colour: string): Layer {
  return {
    id,
    text,
    colour,
    opacity: 0.32,
    style: "both",
    isVisible: true,
    corrects: null,
    threshold: null,
    answers: new Map(),
    corrections: new Map(),
    words: new Map(),
    isAsking: false,
    problem: null,
  };
}

/** The colour that the fewest layers have. */
export function freeColour(layers: readonly Layer[]): string {
  const uses = (colour: string) => layers.filter((one) => one.colour === colour).length;
  return [...COLOURS].sort((a, b) => uses(a) - uses(b))[0] ?? COLOURS[0];
}

const cuts = new WeakMap<SliceAnswer, { threshold: number; mask: Mask }>();

/** What is drawn of a layer on a slice; null: not asked yet. */
export function maskOf(layer: Layer, slice: number): Mask | null {
  if (layer.corrects !== null) return layer.corrections.get(slice) ?? null;
  const answered = layer.answers.get(slice);
  if (!answered) return null;
  const { probabilities, mask } = answered;
  if (layer.threshold === null || !probabilities) return mask;
  const kept = cuts.get(answered);
  if (kept?.threshold === layer.threshold) return kept.mask;
  const cut = cutAt(probabilities, mask.width, mask.height, layer.threshold);
  cuts.set(answered, { threshold: layer.threshold, mask: cut });
  return cut;
}

/** The slices on which a layer has something to take away. */
export function slicesOf(layer: Layer): number[] {
  const kept = layer.corrects !== null ? layer.corrections : layer.answers;
  return [...kept.keys()].sort((a, b) => a - b);
}

export const isRuns = (mask: RunLengths | MaskBySlice): mask is RunLengths =>
  Array.isArray((mask as RunLengths).counts);

/** Take the answers of one slice, or of a whole volume, apart. */
export function readAnswer(
  answer: Answer,
  slice: number | null,
  slices: number,
  size: { width: number; height: number },
): Map<number, SliceAnswer> {
  if (isRuns(answer.mask)) {
    const mask = fromRuns(answer.mask);
    const probabilities = answer.probabilities
      ? readGrey(answer.probabilities, mask.width, mask.height)
      : null;
    return new Map([[slice ?? 0, { answer, mask, probabilities }]]);
  }
  const { mask: bySlice } = answer;
  const { width, height } = size;
  const blank: Mask = { width, height, data: new Uint8Array(width * height) };
  return new Map(
    Array.from({ length: slices }, (_, at) => {
      const runs = bySlice[String(at)];
      return [at, { answer, mask: runs ? fromRuns(runs) : blank, probabilities: null }];
    }),
  );
}

/** A grey PNG in base64 that must have the picture's size. */
export function readGrey(text: string, width: number, height: number): Uint8Array {
  const picture = decodePicture(decodeBase64(text));
  if (picture.width !== width || picture.height !== height)
    throw new RangeError(`A map is ${picture.width}x${picture.height}, not ${width}x${height}.`);
  return picture.data instanceof Uint8Array ? picture.data : new Uint8Array(picture.data);
}
