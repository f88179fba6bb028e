/** What pointers, the wheel and keys do on a picture. */

import type { Signal } from "@preact/signals";
import { type Placed, pan, toPicture, zoomAt } from "../pixels/viewport";
import type { Opened } from "../state/opened";
import { tool } from "../state/store";
import { fill, Stroke } from "../state/stroke";
import { moveSlice } from "./slices";

const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
export const isPaintTool = () =>
  tool.value === "brush" || tool.value === "eraser" || tool.value === "fill";

/** A finger paints only once it moved so far, or is lifted: until then a second one may come. */
const FINGER_RESTS = 8;

export class Hands {
  private readonly pointers = new Map<number, PointerEvent>();
  private stroke: Stroke | null = null;
  private drag: "move" | "level" | null = null;
  /** Where a finger that may paint was put down. */
  private waiting: { at: readonly [number, number]; event: PointerEvent } | null = null;
  private pressedAt: readonly [number, number] | null = null;

  constructor(
    readonly opened: Opened,
    private readonly placed: { current: Placed | null },
    private readonly pointer: Signal<readonly [number, number] | null>,
  ) {}

  private at(event: MouseEvent): [number, number] | null {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const { current } = this.placed;
    if (!current) return null;
    const { tall } = this.opened;
    return toPicture(current, event.clientX - box.left, event.clientY - box.top, tall);
  }

  down(event: PointerEvent): void {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    const at = this.at(event);
    if (this.pointers.size > 1) {
      this.dropStroke(); // a second finger means to move, not to paint
      this.drag = "move";
    } else if (event.button === 2) this.drag = "level";
    else if (event.button === 1 || tool.value === "move") this.drag = "move";
    else if (tool.value === "level") this.drag = "level";
    else if (at && event.pointerType === "touch") this.waiting = { at, event };
    else if (at) this.paintAt(at);
  }

  private paintAt(at: readonly [number, number]): void {
    this.letGo(); // a key may hold the brush, too
    if (tool.value === "fill") fill(this.opened, at);
    else if (tool.value === "brush" || tool.value === "eraser")
      this.stroke = Stroke.begin(this.opened, tool.value, at);
  }

  move(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    const at = this.at(event);
    this.pointer.value = at;
    if (!before) return;
    if (this.waiting) this.paintIfMoved(event);
    if (this.pointers.size === 2) this.pinch(event);
    else if (this.stroke && at) this.stroke.to(at);
    else if (this.drag === "move")
      this.moveBy(event.clientX - before.clientX, event.clientY - before.clientY);
    else if (this.drag === "level")
      this.levelBy(event.clientX - before.clientX, event.clientY - before.clientY);
    this.pointers.set(event.pointerId, event);
  }

  private paintIfMoved(event: PointerEvent): void {
    if (!this.waiting || tool.value === "fill") return;
    const { at, event: down } = this.waiting;
    const moved = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
    if (moved < FINGER_RESTS) return;
    this.waiting = null;
    this.paintAt(at);
  }

  up(event: PointerEvent): void {
    if (this.waiting) this.paintAt(this.waiting.at);
    this.waiting = null;
    this.stroke?.end();
    this.stroke = null;
    this.lift(event);
  }

  /** The browser took the pointer over. */
  cancel(event: PointerEvent): void {
    this.dropStroke();
    this.lift(event);
  }

  private dropStroke(): void {
    this.waiting = null;
    this.stroke?.cancel();
    this.stroke = null;
  }

  private lift(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) this.drag = null;
  }

  /** The pane goes away, or the focus: no key will be seen to be let go. What was painted is kept. */
  letGo(): void {
    this.stroke?.end();
    this.stroke = null;
    this.pressedAt = null;
  }

  leave(): void {
    if (!this.pointers.size) this.pointer.value = null;
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
    if (this.stroke) return;
    if (this.opened.isVolume && !event.ctrlKey) {
      moveSlice(this.opened, Math.sign(event.deltaY));
      return;
    }
    const at = this.at(event);
    if (at) this.zoom(Math.exp(-event.deltaY / 400), at);
  }

  private pinch(event: PointerEvent): void {
    const other = [...this.pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const before = this.pointers.get(event.pointerId);
    const at = this.at(event);
    if (!other || !before || !at) return;
    const away = (one: PointerEvent) =>
      Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    this.moveBy((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
    this.zoom(away(event) / Math.max(1, away(before)), at);
  }

  private moveBy(dx: number, dy: number): void {
    const scale = this.placed.current?.scale ?? 1;
    const { opened } = this;
    const down = scale * opened.tall;
    opened.view.value = pan(opened.view.value, -dx / scale, -dy / down, opened.info.value);
  }

  private levelBy(dx: number, dy: number): void {
    const { opened } = this;
    const { center, width, isInverted } = opened.level.value ?? opened.firstLevel.value;
    const speed = opened.firstLevel.value.width / 300;
    opened.level.value = {
      isInverted,
      // Down is darker, for films that store white as low, too.
      center: center + (isInverted ? -dy : dy) * speed,
      width: Math.max(opened.firstLevel.value.width / 256, width + dx * speed),
    };
  }

  private zoom(factor: number, at: readonly [number, number]): void {
    const { opened } = this;
    opened.view.value = zoomAt(opened.view.value, factor, at, opened.info.value);
  }

  key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      event.preventDefault();
      this.arrow(arrow[0], arrow[1], event.shiftKey ? 10 : 1);
    } else if (event.key === " ") {
      event.preventDefault();
      this.press(event.repeat);
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      event.preventDefault();
      if (!this.stroke) moveSlice(this.opened, event.key === "PageUp" ? -1 : 1);
    }
  }

  private arrow(dx: number, dy: number, many: number): void {
    if (!isPaintTool()) {
      if (tool.value === "level") this.levelBy(dx * 4 * many, dy * 4 * many);
      else this.moveBy(-dx * 24 * many, -dy * 24 * many);
      return;
    }
    const { width, height } = this.opened.info.value;
    const [x, y] = this.pointer.value ?? [width / 2, height / 2];
    const next: [number, number] = [
      Math.min(width - 0.5, Math.max(0.5, x + dx * many)),
      Math.min(height - 0.5, Math.max(0.5, y + dy * many)),
    ];
    this.pointer.value = next;
    if (this.pressedAt) this.stroke?.to(next);
  }

  private press(isHeld: boolean): void {
    if (!isPaintTool() || isHeld || this.stroke) return;
    const { width, height } = this.opened.info.value;
    const at = this.pointer.value ?? ([width / 2, height / 2] as const);
    this.pointer.value = at;
    this.paintAt(at);
    if (this.stroke) this.pressedAt = at;
  }

  keyUp(event: KeyboardEvent): void {
    if (event.key === " " && this.pressedAt) this.letGo();
  }
}
