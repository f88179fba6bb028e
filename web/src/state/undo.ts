/** What was done by hand, to go back and forth. Masks are kept as runs: they are small. */

import { signal } from "@preact/signals";
import type { RunLengths } from "../server/contract";

export interface Step {
  /** What was done, for a person. */
  what: string;
  layer: number;
  slice: number;
  before: RunLengths;
  after: RunLengths;
}

const MOST = 200;

export class Undo {
  private steps: Step[] = [];
  private at = 0;
  readonly canUndo = signal(false);
  readonly canRedo = signal(false);
  /** Whether all that was done was saved as a file. */
  readonly isTaken = signal(true);

  add(step: Step): void {
    this.steps.length = this.at;
    this.steps.push(step);
    if (this.steps.length > MOST) this.steps.shift();
    this.at = this.steps.length;
    this.isTaken.value = false;
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

  /** A layer is gone, and what was done to it. */
  forget(layer: number): void {
    this.at = this.steps.slice(0, this.at).filter((one) => one.layer !== layer).length;
    this.steps = this.steps.filter((one) => one.layer !== layer);
    this.tell();
  }

  private tell(): void {
    this.canUndo.value = this.at > 0;
    this.canRedo.value = this.at < this.steps.length;
  }
}
