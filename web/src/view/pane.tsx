/** A picture with layers on it, that can be moved, levelled and painted on. */

import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Placed } from "../pixels/viewport";
import { brushIn } from "../state/brush";
import type { Layer } from "../state/layer";
import type { Draft, Opened } from "../state/opened";
import { areMasksHidden, chosenSide, tool } from "../state/store";
import { Hands, isPaintTool } from "./hands";
import { SideMarks } from "./marks";
import { forget, paint } from "./paint";

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
    void [opened.slice.value, chosenSide.value];
    const struck = opened.struck.value;
    const at = pointer.value;
    const isPainting = isPaintTool() && (isFocused.value || matchMedia("(hover: hover)").matches);
    const brush =
      isPainting && at ? { at, size: tool.value === "fill" ? 1 : brushIn(opened) } : null;
    const seen = areMasksHidden.value ? [] : layersIn(opened, only);
    const { layers, draft } = withDraft(seen, opened.draft.value, only);
    const word = struck && layers.some((one) => one.id === struck.layer) ? struck.word : null;
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      if (canvas.current && picture)
        placed.current = paint(canvas.current, { opened, layers, draft, struck: word, brush });
    });
  });

  const hands = useRef<Hands | null>(null);
  if (hands.current?.opened !== opened) hands.current = new Hands(opened, placed, pointer);
  const hand = hands.current;
  useEffect(() => {
    const away = () => hand.letGo();
    addEventListener("blur", away);
    return () => {
      removeEventListener("blur", away);
      away();
      forget(opened);
    };
  }, [hand, opened]);

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
        onPointerCancel={(event) => hand.cancel(event)}
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
          hand.letGo();
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

/** A stroke under way stands in for its layer. */
function withDraft(layers: readonly Layer[], draft: Draft | null, only: number | null) {
  const isHere = draft && (only === null || draft.layer.corrects === only);
  if (!isHere || !layers.length || !draft.layer.isVisible) return { layers, draft: null };
  return { layers: layers.filter((one) => one.id !== draft.layer.id), draft };
}
