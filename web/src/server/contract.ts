/** What the server says, as docs/reference/http.md has it. */

export type Side = "image" | "patient";
/** Where the patient's left lies; "neither": seen from the side. */
export type Edge = "left" | "right" | "neither";
/** Of the patient: right, left, front, back, head, feet. */
export type Direction = "R" | "L" | "A" | "P" | "S" | "I";
export type Edges = Record<"left" | "right" | "top" | "bottom", Direction>;

/** A mask as COCO spells it: runs down the columns, the first of them outside. */
export interface RunLengths {
  size: [number, number];
  counts: number[];
}
export type MaskBySlice = Record<string, RunLengths>;

export interface ModelInfo {
  name: string;
  sha256: string;
  side: Side | "none";
  threshold: number;
  presence_threshold?: number | null;
  trained_on?: string[];
  note: string;
  card?: string;
  limits?: { bytes?: number; sentences?: number };
}

export interface Window {
  center: number;
  width: number;
  low: number;
  high: number;
}

/** What a stored value stands for: low + step * value. */
export interface Scale {
  low: number;
  step: number;
}

export interface ImageInfo {
  id: string;
  name: string;
  folder?: string;
  /** SHA-256 of what was given: a picture is known by it, not by its name. */
  input_hash?: string;
  kind: "picture" | "volume";
  width: number;
  height: number;
  slices: number;
  spacing_mm: number[] | null;
  patient_left: Edge | null;
  /** Which side of the patient lies at each edge. */
  edges?: Edges | null;
  modality?: string | null;
  view?: string | null;
  warnings?: string[];
  window?: Window | null;
  bits?: number;
  scale?: Scale | null;
  plane?: string | null;
  is_dicom?: boolean;
}

export interface Uploaded {
  images: ImageInfo[];
  problems: { name: string; problem: string }[];
}

export interface Example {
  name: string;
  title: string;
  sentences: string[];
  licence: string;
  width: number;
  height: number;
  thumbnail: string;
}

export interface Chip {
  kind: string;
  value: string;
  label: string;
  /** Of which finding it is said; null: of the picture. */
  finding?: number | null;
}

/** A thing that a sentence speaks of, in words that can be asked alone. */
export interface Thing {
  said: string;
  presence: "present" | "absent" | "excepted";
}

export interface Understanding {
  chips: Chip[];
  not_understood: { text: string; start: number; end: number }[];
  notices: string[];
  paraphrases?: string[];
  opposite?: string | null;
  /** A chip's `finding` is the place in this list. */
  findings?: Thing[];
  /** The sentence without what it denies, where it does both: what to ask by itself. */
  affirmed?: string | null;
}

export interface Answer {
  text: string;
  side: Side | "none";
  is_found: boolean;
  confidence: number;
  presence: number | null;
  threshold: number;
  area_pixels: number;
  area_mm2: number | null;
  lost_words: string[];
  mask: RunLengths | MaskBySlice;
  probabilities?: string;
  facts?: Understanding;
  /** False: no word of the sentence was. */
  understood?: boolean;
  /** What to know before the mask is believed. */
  notices?: string[];
  disagreements?: string[];
  verdict: string;
  sentence_for_people: string;
}

export interface StruckWord {
  word: string;
  start: number;
  end: number;
  lost_pixels: number;
  gained_pixels: number;
  effect: number;
  map: string;
}

export interface Suggestion {
  text: string;
  replaces: [number, number];
}

export interface ExportLayer {
  id: number;
  /** The layer that it corrects. */
  corrects: number | null;
  text: string;
  mask: RunLengths | MaskBySlice;
  side: Side | null;
  threshold: number | null;
  confidence: number | null;
  presence: number | null;
  /** Of a volume's answer: how sure the model was, slice by slice. */
  slice_confidences: Record<string, number> | null;
  is_corrected: boolean;
  /** There was no answer to correct. */
  is_painted: boolean;
  /** Of a volume's correction: the slices that a person changed. */
  corrected_slices: number[] | null;
  colour: string;
  note: string;
}

export type ExportFormat = "png" | "nifti" | "dicom-seg" | "coco" | "zip" | "dataset";
