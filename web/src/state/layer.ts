/** A sentence, what was answered, and what was corrected by hand. */

import { cutAt } from "../pixels/drawing";
import { decodeBase64, decodePicture } from "../pixels/picture";
import { fromRuns, type Mask } from "../pixels/runs";
import type { Answer, RunLengths, StruckWord } from "../server/contract";
import type { Meaning } from "./meaning";

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

interface Drawn {
  mask: Mask;
  /** 255 is one; null where the server was not asked for them. */
  probabilities: Uint8Array | null;
  cut: { threshold: number; mask: Mask } | null;
}

/** Those looked at last are kept as pixels; the others as the server sent them, which is small. */
const drawnLately = new Map<SliceAnswer, Drawn>();
const MOST_DRAWN = 48;

/** What the model drew on one slice, and for which sentence. */
export class SliceAnswer {
  constructor(
    readonly answer: Answer,
    readonly asked: Meaning,
  ) {}

  get mask(): Mask {
    return this.drawn.mask;
  }

  get probabilities(): Uint8Array | null {
    return this.drawn.probabilities;
  }

  /** What is at least so probable; the model's own mask where there are no probabilities. */
  cutAt(threshold: number): Mask {
    const { drawn } = this;
    const { mask, probabilities } = drawn;
    if (!probabilities) return mask;
    if (drawn.cut?.threshold !== threshold)
      drawn.cut = { threshold, mask: cutAt(probabilities, mask.width, mask.height, threshold) };
    return drawn.cut.mask;
  }

  private get drawn(): Drawn {
    const drawn = drawnLately.get(this) ?? this.draw();
    drawnLately.delete(this);
    drawnLately.set(this, drawn);
    const [oldest] = drawnLately.keys();
    if (drawnLately.size > MOST_DRAWN && oldest) drawnLately.delete(oldest);
    return drawn;
  }

  private draw(): Drawn {
    const { mask: runs, probabilities: steps } = this.answer;
    if (!isRuns(runs)) throw new TypeError("An answer of several slices came; one was asked for.");
    const mask = fromRuns(runs);
    const probabilities = steps ? readGrey(steps, mask.width, mask.height) : null;
    return { mask, probabilities, cut: null };
  }
}

/**
 * Either a sentence, with the model's answers to it; or (`corrects` is not null) what a person drew,
 * slice by slice, with the meaning that it was drawn for. A correction without pixels is not there.
 */
export interface Layer {
  id: number;
  /** What stands in the box; a correction has none of its own. */
  text: string;
  colour: string;
  opacity: number;
  style: Style;
  isVisible: boolean;
  /** Whose answer this corrects; null for a sentence's own answer. */
  corrects: number | null;
  /** Of a correction: its sentence and side; null while it has no sentence. */
  drawnFor: Meaning | null;
  /** Of a correction: there was no answer to correct, all of it was painted. */
  isPainted: boolean;
  /** Where the threshold slider was moved to; null: the model's own threshold. */
  threshold: number | null;
  answers: ReadonlyMap<number, SliceAnswer>;
  /** The slices that were answered before a reload, or when the session was saved, and for what. */
  formerly: { asked: Meaning; slices: readonly number[] } | null;
  corrections: ReadonlyMap<number, Mask>;
  /** Those corrections, mask for mask, that a file holds. */
  saved: ReadonlyMap<number, Mask>;
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
    drawnFor: null,
    isPainted: false,
    threshold: null,
    answers: new Map(),
    formerly: null,
    corrections: new Map(),
    saved: new Map(),
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

/** What is shown of a layer on a slice, be it old or not; null: nothing was asked or drawn. */
export function maskOf(layer: Layer, slice: number): Mask | null {
  if (layer.corrects !== null) return layer.corrections.get(slice) ?? null;
  const answered = layer.answers.get(slice);
  if (!answered) return null;
  return layer.threshold === null ? answered.mask : answered.cutAt(layer.threshold);
}

/** Whether there is something to ask: a layer of its own, with words. */
export const isSentence = (layer: Layer): boolean =>
  layer.corrects === null && layer.text.trim() !== "";

export const isUnsaved = (layer: Layer): boolean =>
  [...layer.corrections].some(([slice, mask]) => layer.saved.get(slice) !== mask);

const isRuns = (mask: Answer["mask"]): mask is RunLengths =>
  Array.isArray((mask as RunLengths).counts);

/** A grey PNG in base64 that must have the picture's size. */
export function readGrey(text: string, width: number, height: number): Uint8Array {
  const picture = decodePicture(decodeBase64(text));
  if (picture.width !== width || picture.height !== height)
    throw new RangeError(`A map is ${picture.width}x${picture.height}, not ${width}x${height}.`);
  return picture.data instanceof Uint8Array ? picture.data : new Uint8Array(picture.data);
}
