/** Layers come and go. */

import { askMissing, setText } from "./asking";
import { freeColour, isUnsaved, type Layer, newLayer } from "./layer";
import { isSameMeaning, meaningOf } from "./meaning";
import { say, tell } from "./notices";
import type { Opened } from "./opened";
import type { Removed } from "./undo";

/** Whether something was drawn by hand that no file holds yet, be it a stroke that has not ended. */
export const hasUnsavedWork = (opened: Opened): boolean =>
  opened.draft.value !== null || opened.layers.value.some(isUnsaved);

export function addLayer(opened: Opened, text = ""): Layer {
  const blank = opened.layers.value.find((one) => isBlank(opened, one));
  const made = blank ?? newLayer(opened.nextId(), "", freeColour(opened.layers.value));
  if (!blank) opened.layers.value = [...opened.layers.value, made];
  opened.activeId.value = made.id;
  if (text) setText(opened, made, text);
  return made;
}

/** Without a sentence, and nothing drawn for it. */
const isBlank = (opened: Opened, layer: Layer) =>
  layer.corrects === null &&
  !layer.text.trim() &&
  !opened.layers.value.some((one) => one.corrects === layer.id);

export function insertLayer(opened: Opened, at: number, layer: Layer): void {
  opened.layers.value = opened.layers.value.toSpliced(at, 0, layer);
}

/** Take layers out; where none is left, an empty one comes, whose number is returned. */
export function takeOut(opened: Opened, ids: readonly number[]): number | null {
  const left = opened.layers.value.filter((one) => !ids.includes(one.id));
  const blank = left.length ? null : newLayer(opened.nextId(), "", freeColour([]));
  opened.layers.value = blank ? [blank] : left;
  if (opened.struck.value && ids.includes(opened.struck.value.layer)) opened.struck.value = null;
  if (!opened.find(opened.activeId.value))
    opened.activeId.value = opened.layers.value.at(-1)?.id ?? 1;
  return blank?.id ?? null;
}

/** Remove a layer, and what corrects it. Undo brings both back. */
export function removeLayer(opened: Opened, id: number): void {
  const gone = takeOutWhole(opened, id, "Layer removed");
  if (!gone.length) return;
  if (gone.some(isUnsaved))
    tell("The layer and what you drew on it were removed. Undo brings them back.", "done");
  else say("Layer removed. Undo brings it back.");
}

/** A layer and what corrects it go, as one step; return what is gone that was not blank. */
export function takeOutWhole(opened: Opened, id: number, what: string): Layer[] {
  const gone = opened.layers.value
    .map((one, at) => [at, one] as const)
    .filter(([, one]) => one.id === id || one.corrects === id);
  if (!gone.length) return [];
  const wasBlank = gone.every(([, one]) => isBlank(opened, one));
  const blank = takeOut(
    opened,
    gone.map(([, one]) => one.id),
  );
  if (wasBlank) return [];
  opened.undo.add({ kind: "removed", what, layers: gone, blank });
  return gone.map(([, one]) => one);
}

/** Of several layers of one meaning one holds. */
export function keepOnly(opened: Opened, kept: Layer, layers: readonly Layer[]): void {
  for (const { id } of layers) if (id !== kept.id) removeLayer(opened, id);
  if (opened.find(kept.id)) opened.activeId.value = kept.id;
}

/** Undo a removal. */
export function putBack(opened: Opened, { layers, blank }: Removed): void {
  const standIn = blank === null ? null : opened.find(blank);
  for (const [at, layer] of layers) insertLayer(opened, at, { ...layer, isAsking: false });
  if (standIn && isBlank(opened, standIn)) takeOut(opened, [standIn.id]);
  opened.activeId.value = layers.at(-1)?.[1].id ?? opened.activeId.value;
  askMissing(opened);
}

/** A correction stays what it was drawn for: its sentence gets a layer of its own again. */
export function keepItsSentence(opened: Opened, id: number): void {
  const layer = opened.find(id);
  const corrected = layer?.corrects == null ? null : opened.find(layer.corrects);
  if (!layer?.drawnFor || !corrected) return;
  const { drawnFor } = layer;
  const { text } = drawnFor;
  const known = opened.layers.value.find(
    (one) => one.corrects === null && isSameMeaning(meaningOf(one.text), drawnFor),
  );
  if (!corrected.text.trim()) setText(opened, corrected, text);
  else if (known) {
    opened.change(id, { corrects: known.id });
    opened.change(corrected.id, { style: "both" });
  } else {
    const own = { ...newLayer(opened.nextId(), "", corrected.colour), style: "outline" as const };
    const others = opened.layers.value.filter((one) => one.id !== id);
    opened.layers.value = [...others, own, { ...layer, corrects: own.id }];
    opened.change(corrected.id, { style: "both", colour: freeColour(opened.layers.value) });
    setText(opened, own, text);
  }
  opened.activeId.value = id;
}

/** A sentence of its own for each thing that a sentence tells of. */
export function splitSentence(opened: Opened, layer: Layer, sentences: readonly string[]): void {
  for (const text of sentences) addLayer(opened, text);
  opened.change(layer.id, { isVisible: false });
  say(`${sentences.length} layers, one a finding. The whole sentence is hidden.`);
}
