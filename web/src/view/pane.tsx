/** A picture with layers on it, that can be moved, levelled and painted on. */

import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type Placed, pan, toPicture, zoomAt } from "../pixels/viewport";
import { fill, Stroke } from "../state/correcting";
import type { Layer } from "../state/layer";
import type { Opened } from "../state/opened";
import { areMasksHidden, brushSize, tool } from "../state/store";
import { SideMarks } from "./marks";
import { paint } from "./paint";
import { moveSlice } from "./slices";

const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const isPaintTool = () =>
  tool.value === "brush" || tool.value === "eraser" || tool.value === "fill";

interface Props {
  opened: Opened;
  /** Null: all. */
  only: number | null;
  pointer: Signal<readonly [number, number] | null>;
  caption: string | null;
}

export function Pane({ opened, only, pointer, caption }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const placed = useRef<Placed | null>(null);
  const size = useSignal({ width: 0, height: 0 });
  const isFocused = useSignal(false);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      const { width, height } = element.getBoundingClientRect();
      const dpr = devicePixelRatio || 1;
      element.width = Math.round(width * dpr);
      element.height = Math.round(height * dpr);
      size.value = { width, height };
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [size]);

  const frame = useRef(0);
  useSignalEffect(() => {
    void [size.value, opened.view.value, opened.level.value, opened.firstLevel.value];
    const picture = opened.picture.value;
    void opened.slice.value;
    const struck = opened.struck.value;
    const at = pointer.value;
    const isPainting = isPaintTool() && (isFocused.value || matchMedia("(hover: hover)").matches);
    const brush =
      isPainting && at ? { at, size: tool.value === "fill" ? 1 : brushSize.value } : null;
    const layers = areMasksHidden.value ? [] : layersIn(opened, only);
    const word = struck && layers.some((one) => one.id === struck.layer) ? struck.word : null;
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      if (canvas.current && picture)
        placed.current = paint(canvas.current, { opened, layers, struck: word, brush });
    });
  });

  const hands = useRef<Hands | null>(null);
  if (hands.current?.opened !== opened) hands.current = new Hands(opened, placed, pointer);
  const hand = hands.current;

  const name = opened.info.value.name;
  return (
    <figure class="pane" data-tool={tool.value}>
      <div
        class="stage"
        role="application"
        tabIndex={0}
        aria-label={`${name}${caption ? `, ${caption}` : ""}. Picture viewer; press question mark for its keys.`}
        onPointerDown={(event) => hand.down(event)}
        onPointerMove={(event) => hand.move(event)}
        onPointerUp={(event) => hand.up(event)}
        onPointerCancel={(event) => hand.up(event)}
        onPointerLeave={() => hand.leave()}
        onContextMenu={(event) => event.preventDefault()}
        onWheel={(event) => hand.wheel(event)}
        onKeyDown={(event) => hand.key(event)}
        onKeyUp={(event) => hand.keyUp(event)}
        onFocus={() => {
          isFocused.value = true;
        }}
        onBlur={() => {
          isFocused.value = false;
        }}
      >
        <canvas ref={canvas} aria-hidden="true" />
        <SideMarks opened={opened} />
      </div>
      {caption !== null && <figcaption>{caption}</figcaption>}
    </figure>
  );
}

/** In a comparison, a sentence stands beside its own correction only. */
function layersIn(opened: Opened, only: number | null): readonly Layer[] {
  const layers = opened.layers.value;
  return only === null ? layers : layers.filter((one) => one.id === only || one.corrects === only);
}

/** What pointers and keys do. */
class Hands {
  private readonly pointers = new Map<number, PointerEvent>();
  private stroke: Stroke | null = null;
  private drag: "move" | "level" | null = null;
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
      this.stroke?.end(); // a second finger means to move, not to paint
      this.stroke = null;
      this.drag = "move";
    } else if (event.button === 2) this.drag = "level";
    else if (event.button === 1 || tool.value === "move") this.drag = "move";
    else if (tool.value === "level") this.drag = "level";
    else if (tool.value === "fill") at && fill(this.opened, at);
    else if (at) this.stroke = Stroke.begin(this.opened, tool.value, at);
  }

  move(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    const at = this.at(event);
    this.pointer.value = at;
    if (!before) return;
    if (this.pointers.size === 2) this.pinch(event);
    else if (this.stroke && at) this.stroke.to(at);
    else if (this.drag === "move")
      this.moveBy(event.clientX - before.clientX, event.clientY - before.clientY);
    else if (this.drag === "level")
      this.levelBy(event.clientX - before.clientX, event.clientY - before.clientY);
    this.pointers.set(event.pointerId, event);
  }

  up(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    this.stroke?.end();
    this.stroke = null;
    if (!this.pointers.size) this.drag = null;
  }

  leave(): void {
    if (!this.pointers.size) this.pointer.value = null;
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
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
    const { center, width } = opened.level.value ?? opened.firstLevel.value;
    const speed = opened.firstLevel.value.width / 300;
    opened.level.value = {
      center: center + dy * speed,
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
      moveSlice(this.opened, event.key === "PageUp" ? -1 : 1);
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
    if (!isPaintTool() || isHeld) return;
    const { width, height } = this.opened.info.value;
    const at = this.pointer.value ?? ([width / 2, height / 2] as const);
    this.pointer.value = at;
    if (tool.value === "fill") fill(this.opened, at);
    else {
      this.pressedAt = at;
      this.stroke = Stroke.begin(this.opened, tool.value, at);
    }
  }

  keyUp(event: KeyboardEvent): void {
    if (event.key !== " " || !this.pressedAt) return;
    this.pressedAt = null;
    this.stroke?.end();
    this.stroke = null;
  }
}
