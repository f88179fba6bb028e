/** What was done by hand, to go back and forth. Masks are kept as runs: they are small. */

import { signal } from "@preact/signals";
import type { RunLengths } from "../server/contract";
import type { Layer, Style } from "./layer";

/** A mask was changed. */
export interface Painted {
  kind: "painted";
  /** What was done, for a person. */
  what: string;
  layer: number;
  slice: number;
  /** Null: the slice had no correction. */
  before: RunLengths | null;
  after: RunLengths;
  /** The layer that came with the first pixel and goes with it. */
  made: Made | null;
}

export interface Made {
  layer: Layer;
  /** How the answer was drawn before a correction lay on it. */
  styleBefore: Style;
}

/** Layers were taken away. */
export interface Removed {
  kind: "removed";
  what: string;
  /** With the places where they stood. */
  layers: readonly (readonly [number, Layer])[];
  /** The empty layer that took their place where none was left. */
  blank: number | null;
}

export type Step = Painted | Removed;

const MOST = 200;

export class Undo {
  private steps: Step[] = [];
  private at = 0;
  readonly canUndo = signal(false);
  readonly canRedo = signal(false);

  add(step: Step): void {
    this.steps.length = this.at;
    this.steps.push(step);
    if (this.steps.length > MOST) this.steps.shift();
    this.at = this.steps.length;
    this.tell();
  }

  back(): Step | null {
    const step = this.steps[this.at - 1] ?? null;
    if (step) this.at--;
    this.tell();
    return step;
  }

  forth(): Step | null {
    const step = this.steps[this.at] ?? null;
    if (step) this.at++;
    this.tell();
    return step;
  }

  private tell(): void {
    this.canUndo.value = this.at > 0;
    this.canRedo.value = this.at < this.steps.length;
  }
}
