/** What the whole page knows. */

import { computed, signal } from "@preact/signals";
import type { Example, ModelInfo, Side } from "../server/contract";
import type { Opened } from "./opened";

export type Tool = "move" | "level" | "brush" | "eraser" | "fill";
export type Theme = "dark" | "light";

export const model = signal<ModelInfo | null>(null);
export const examples = signal<Example[]>([]);
export const pictures = signal<readonly Opened[]>([]);
export const currentKey = signal<number | null>(null);
export const side = signal<Side | null>(null);
export const theme = signal<Theme>("dark");
export const tool = signal<Tool>("move");
export const brushSize = signal(6);
export const isComparing = signal(false);
export const areMasksHidden = signal(false);
export const history = signal<readonly string[]>([]);
/** The address that was opened does not answer. */
export const isOffline = signal(false);
export const needsKey = signal(false);
export const uploading = signal<string | null>(null);
export const isListOpen = signal(false);
export const isHelpOpen = signal(false);

export const current = computed(
  () => pictures.value.find((one) => one.key === currentKey.value) ?? null,
);

/** What the sentences mean: what the person chose, else what the model learnt. */
export const chosenSide = computed<Side>(() => {
  const learnt = model.value?.side;
  return side.value ?? (learnt === "patient" ? "patient" : "image");
});

export function remember(text: string): void {
  const sentence = text.trim();
  if (sentence.length < 3) return;
  // What was typed on the way to this sentence is no history of its own.
  const others = history.value.filter((one) => !sentence.startsWith(one));
  history.value = [sentence, ...others].slice(0, 30);
}
