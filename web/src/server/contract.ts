/** What the server says, as docs/reference/http.md has it. */

export type Side = "image" | "patient";
/** Where the patient's left lies; "neither": seen from the side. */
export type Edge = "left" | "right" | "neither";

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
  kind: "picture" | "volume";
  width: number;
  height: number;
  slices: number;
  spacing_mm: number[] | null;
  patient_left: Edge | null;
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
}

export interface Understanding {
  chips: Chip[];
  not_understood: { text: string; start: number; end: number }[];
  notices: string[];
  paraphrases?: string[];
  opposite?: string | null;
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
  disagreements?: string[];
  verdict: "found" | "not found" | "unsure";
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
  text: string;
  mask: RunLengths | MaskBySlice;
  side: Side | null;
  threshold: number | null;
  confidence: number | null;
  presence: number | null;
  is_corrected: boolean;
  colour: string;
  note: string;
}

export type ExportFormat = "png" | "nifti" | "dicom-seg" | "coco" | "zip" | "dataset";
