/** Keys that work anywhere but in a text. */

import { another } from "../panel/layers";
import { FITTED, zoomAt } from "../pixels/viewport";
import { redo, undo } from "../state/correcting";
import type { Style } from "../state/layer";
import type { Opened } from "../state/opened";
import {
  areMasksHidden,
  brushSize,
  current,
  isComparing,
  isHelpOpen,
  type Tool,
  tool,
} from "../state/store";
import { toggleTheme } from "./header";

const TOOL_OF: Record<string, Tool> = { v: "move", w: "level", b: "brush", e: "eraser", f: "fill" };
const NEXT_STYLE: Record<Style, Style> = { fill: "outline", outline: "both", both: "fill" };

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLTextAreaElement ||
  (target instanceof HTMLInputElement && !["range", "checkbox", "radio"].includes(target.type));

export function onKey(event: KeyboardEvent): void {
  if (document.querySelector("dialog[open]") || event.altKey) return;
  const opened = current.value;
  const isUndo = event.key.toLowerCase() === "z" || event.key.toLowerCase() === "y";
  if ((event.ctrlKey || event.metaKey) && isUndo && opened && !isTyping(event.target)) {
    event.preventDefault();
    if (event.shiftKey || event.key.toLowerCase() === "y") redo(opened);
    else undo(opened);
    return;
  }
  if (isTyping(event.target) || event.ctrlKey || event.metaKey) return;
  if (anywhere(event) || (opened && onPicture(event.key, opened))) event.preventDefault();
}

function anywhere(event: KeyboardEvent): boolean {
  if (event.key === "?") isHelpOpen.value = true;
  else if (event.key === "t") toggleTheme();
  else return false;
  return true;
}

function onPicture(key: string, opened: Opened): boolean {
  const chosen = TOOL_OF[key];
  const middle = [opened.info.value.width / 2, opened.info.value.height / 2] as const;
  const { x, y } = opened.view.value;
  const seen = [middle[0] + x, middle[1] + y] as const;
  const zoom = (factor: number) => {
    opened.view.value = zoomAt(opened.view.value, factor, seen, opened.info.value);
  };
  const actions: Record<string, () => void> = {
    "/": () => document.getElementById("sentence")?.focus(),
    n: () => another(opened),
    h: () => {
      areMasksHidden.value = !areMasksHidden.value;
    },
    c: () => {
      isComparing.value = !isComparing.value;
    },
    o: () => {
      const layer = opened.active.value;
      if (layer) opened.change(layer.id, { style: NEXT_STYLE[layer.style] });
    },
    "[": () => {
      brushSize.value = Math.max(1, brushSize.value - 1);
    },
    "]": () => {
      brushSize.value = Math.min(60, brushSize.value + 1);
    },
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    "0": () => {
      opened.view.value = FITTED;
    },
  };
  const action = actions[key];
  const layer = /^[1-9]$/.test(key) ? opened.layers.value[Number(key) - 1] : undefined;
  if (chosen) tool.value = chosen;
  else if (layer) opened.activeId.value = layer.id;
  else if (action) action();
  else return false;
  return true;
}
