/** Below the picture: what is under the pointer, the slice, and how bright the picture is shown. */

import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { answerOf } from "../state/meaning";
import type { Opened } from "../state/opened";
import { isCt, nameOfWindow, WINDOWS, type WindowName, windowOf } from "./windows";

export function StatusLine(props: {
  opened: Opened;
  pointer: Signal<readonly [number, number] | null>;
}) {
  const { opened, pointer } = props;
  const { info } = opened;
  const line = useHeightTold();
  return (
    <div class="status" ref={line}>
      {opened.isVolume && <Slices opened={opened} />}
      <Under opened={opened} pointer={pointer} />
      <span class="about">
        {[info.value.modality, info.value.view, info.value.plane, sizeOf(opened)]
          .filter(Boolean)
          .join(" · ")}
      </span>
      <Level opened={opened} />
    </div>
  );
}

/** Messages stand above this line, however many rows it has. */
function useHeightTold() {
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = line;
    if (!current) return;
    const { style } = document.documentElement;
    const tell = () => style.setProperty("--status", `${current.offsetHeight}px`);
    const observer = new ResizeObserver(tell);
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return line;
}

function sizeOf(opened: Opened): string {
  const { width, height, spacing_mm: spacing } = opened.info.value;
  const [row] = spacing ?? [];
  return `${width} × ${height}${row ? ` · ${Number(row.toFixed(3))} mm` : ""}`;
}

function Under(props: { opened: Opened; pointer: Signal<readonly [number, number] | null> }) {
  const { opened, pointer } = props;
  const picture = opened.picture.value;
  const [x, y] = (pointer.value ?? [-1, -1]).map(Math.floor) as [number, number];
  const isOn = picture && x >= 0 && y >= 0 && x < picture.width && y < picture.height;
  if (!isOn) return <span class="under">Point at the picture to read a pixel</span>;
  const at = y * picture.width + x;
  const values = [...picture.data.slice(at * picture.channels, (at + 1) * picture.channels)];
  const { low, step } = opened.scale.value;
  const value = values.map((one) => Number((low + one * step).toPrecision(5))).join(" ");
  const asked = opened.asked.value;
  const answered = asked && answerOf(asked, opened.slice.value);
  const probability = answered?.probabilities?.[at];
  return (
    <span class="under">
      <span class="place">
        {x}, {y}
      </span>
      <span class="value">value {value}</span>
      {probability !== undefined && (
        <strong data-probability={probability}>
          {((probability / 255) * 100).toFixed(0)} % probable
        </strong>
      )}
    </span>
  );
}

function Slices({ opened }: { opened: Opened }) {
  const { slices } = opened.info.value;
  return (
    <label class="slices">
      <span>Slice</span>
      <input
        type="range"
        min="1"
        max={slices}
        value={opened.slice.value + 1}
        onInput={(event) => {
          opened.slice.value = event.currentTarget.valueAsNumber - 1;
        }}
      />
      <output>
        {opened.slice.value + 1}/{slices}
      </output>
    </label>
  );
}

function Level({ opened }: { opened: Opened }) {
  const { center, width, isInverted } = opened.level.value ?? opened.firstLevel.value;
  return (
    <>
      {isCt(opened) && <Windows opened={opened} />}
      <button
        type="button"
        class="level"
        title="Brightness and contrast; press to go back to the file's own"
        onClick={() => {
          opened.level.value = null;
        }}
      >
        {isInverted && "inverted · "}L {center.toFixed(0)} · W {width.toFixed(0)}
      </button>
    </>
  );
}

function Windows({ opened }: { opened: Opened }) {
  const { level } = opened;
  const own = "";
  return (
    <select
      class="windows"
      aria-label="Window"
      value={level.value ? (nameOfWindow(level.value) ?? "other") : own}
      onChange={(event) => {
        const name = event.currentTarget.value;
        level.value = name === own ? null : windowOf(name as WindowName);
      }}
    >
      <option value={own}>the file’s own</option>
      {Object.keys(WINDOWS).map((name) => (
        <option key={name}>{name}</option>
      ))}
      <option value="other" hidden>
        by hand
      </option>
    </select>
  );
}
