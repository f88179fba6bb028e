/** Layers come, go, and are taken away as files. */

import { toRuns } from "../pixels/runs";
import * as api from "../server/api";
import type { ExportFormat, ExportLayer, MaskBySlice } from "../server/contract";
import { freeColour, type Layer, maskOf, newLayer, slicesOf } from "./layer";
import { tell } from "./notices";
import type { Opened } from "./opened";
import { askOf, trying } from "./patience";
import { chosenSide } from "./store";

export function addLayer(opened: Opened): void {
  const blank = opened.layers.value.find((one) => one.corrects === null && !one.text.trim());
  if (blank) {
    opened.activeId.value = blank.id;
    return;
  }
  const made = newLayer(opened.nextId(), "", freeColour(opened.layers.value));
  opened.layers.value = [...opened.layers.value, made];
  opened.activeId.value = made.id;
}

export function removeLayer(opened: Opened, id: number): void {
  const gone = (one: Layer) => one.id === id || one.corrects === id;
  for (const one of opened.layers.value.filter(gone)) opened.undo.forget(one.id);
  const left = opened.layers.value.filter((one) => !gone(one));
  opened.layers.value = left.length ? left : [newLayer(1, "", freeColour([]))];
  if (!opened.find(opened.activeId.value))
    opened.activeId.value = opened.layers.value.at(-1)?.id ?? 1;
}

const holdsSomething = (opened: Opened, layer: Layer) =>
  layer.isVisible && layer.text.trim() && (opened.isVolume || maskOf(layer, opened.slice.value))
    ? slicesOf(layer).length > 0
    : false;

export const takeable = (opened: Opened) =>
  opened.layers.value.filter((one) => holdsSomething(opened, one));

function asExport(opened: Opened, layer: Layer): ExportLayer {
  // Where a volume's slice was not corrected, the answer that is corrected holds.
  const source = layer.corrects === null ? null : opened.find(layer.corrects);
  const slices = new Set([...slicesOf(layer), ...(source ? slicesOf(source) : [])]);
  const masks: MaskBySlice = {};
  for (const slice of slices) {
    const mask = maskOf(layer, slice) ?? (source && maskOf(source, slice));
    if (mask) masks[String(slice)] = toRuns(mask);
  }
  const [only] = Object.values(masks);
  const answer = layer.answers.get(opened.slice.value)?.answer;
  return {
    text: layer.text.trim(),
    mask: opened.isVolume || !only ? masks : only,
    side: chosenSide.value,
    threshold: layer.threshold ?? answer?.threshold ?? null,
    confidence: answer?.confidence ?? null,
    presence: answer?.presence ?? null,
    is_corrected: layer.corrects !== null,
    colour: layer.colour,
    note: "",
  };
}

export function exportAs(
  opened: Opened,
  format: ExportFormat,
  isDeidentified: boolean,
): Promise<boolean> {
  return trying(async () => {
    const shown = takeable(opened);
    // A model must not be taught an answer and its correction side by side.
    const isMended = (one: Layer) => shown.some((other) => other.corrects === one.id);
    const wanted = format === "dataset" ? shown.filter((one) => !isMended(one)) : shown;
    const layers = wanted.map((one) => asExport(opened, one));
    const slice = opened.isVolume ? opened.slice.value : null;
    const { name, blob } = await askOf(opened, (id) =>
      api.exportLayers(id, layers, format, slice, isDeidentified),
    );
    const address = URL.createObjectURL(blob);
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    opened.undo.isTaken.value = true;
    tell(`Saved ${name}. Research use only; not a medical device.`, "done");
  });
}
