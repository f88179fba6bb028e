/** Keys that work anywhere but in a text. */

import { another } from "../panel/layers";
import { zoomAt } from "../pixels/viewport";
import { growBrush } from "../state/brush";
import { redo, undo } from "../state/correcting";
import type { Style } from "../state/layer";
import type { Opened } from "../state/opened";
import { markDone, step } from "../state/opening";
import {
  areMasksHidden,
  current,
  isComparing,
  isHelpOpen,
  isListOpen,
  type Tool,
  tool,
} from "../state/store";
import { toggleTheme } from "./header";
import { fitWhole } from "./viewer";

const TOOL_OF: Record<string, Tool> = { v: "move", w: "level", b: "brush", e: "eraser", f: "fill" };
const NEXT_STYLE: Record<Style, Style> = { fill: "outline", outline: "both", both: "fill" };

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLTextAreaElement ||
  target instanceof HTMLSelectElement ||
  (target instanceof HTMLInputElement && !["range", "checkbox", "radio"].includes(target.type));

export function onKey(event: KeyboardEvent): void {
  const opened = current.value;
  if (document.querySelector("dialog[open]") || isTyping(event.target)) return;
  const step = opened && undoOf(event);
  const key = keyOf(event);
  if (opened?.isPainting) {
    if (step) event.preventDefault(); // browsers would undo in the sentence, wherever the focus is
    return;
  }
  if (step) step(opened);
  else if (key === null || !(anywhere(key) || (opened && onPicture(key, opened)))) return;
  event.preventDefault();
}

const lowered = ({ key }: Pick<KeyboardEvent, "key">) =>
  key.length === 1 ? key.toLowerCase() : key;

function undoOf(event: KeyboardEvent): typeof undo | null {
  const key = lowered(event);
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  if (key === "z") return event.shiftKey ? redo : undo;
  return key === "y" ? redo : null;
}

type Keys = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">;

/**
 * The key, whether or not Caps Lock is on; null where it is the browser's. Marks as [ are written
 * with AltGr on many keyboards, which some systems tell as Alt, or as Ctrl and Alt.
 */
export function keyOf(event: Keys): string | null {
  const key = lowered(event);
  if (event.metaKey) return null;
  if (event.altKey) return /^[^\p{L}\p{N}\s]$/u.test(key) ? key : null;
  return event.ctrlKey ? null : key;
}

function anywhere(key: string): boolean {
  if (key === "?") isHelpOpen.value = true;
  else if (key === "t") toggleTheme();
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
    ",": () => step(-1),
    ".": () => step(1),
    d: () => markDone(opened),
    l: () => {
      isListOpen.value = true;
    },
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
    "[": () => growBrush(opened, -1),
    "]": () => growBrush(opened, 1),
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    "0": () => fitWhole(opened),
  };
  const action = actions[key];
  const layer = /^[1-9]$/.test(key) ? opened.layers.value[Number(key) - 1] : undefined;
  if (chosen) tool.value = chosen;
  else if (layer) opened.activeId.value = layer.id;
  else if (action) action();
  else return false;
  return true;
}
