/** The sentence box, and what it teaches: what was understood, what was answered, what a word did. */

import { useComputed, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { chooseSide, readSentence, setText, suggestions } from "../state/asking";
import type { Layer } from "../state/layer";
import type { Opened } from "../state/opened";
import { chosenSide, history } from "../state/store";
import { AllSlices } from "./all_slices";
import { AnswerTools, Verdict } from "./answer";
import { MeaningQuestions } from "./meaning_question";
import { Understood } from "./understood";

export function SentenceCard({ opened }: { opened: Opened }) {
  const layer = opened.asked.value;
  if (!layer) return null;
  return (
    <section class="card" aria-labelledby="sentence-title">
      <h2 id="sentence-title">What shall be drawn?</h2>
      <SideSwitch />
      <Box opened={opened} layer={layer} />
      <Verdict opened={opened} layer={layer} />
      <MeaningQuestions opened={opened} layer={layer} />
      <Understood opened={opened} layer={layer} />
      <AnswerTools opened={opened} layer={layer} />
      <AllSlices opened={opened} layer={layer} />
      <Earlier opened={opened} layer={layer} />
    </section>
  );
}

function SideSwitch() {
  return (
    <div class="side-switch" role="radiogroup" aria-labelledby="side-title">
      <span id="side-title">
        <b>“left”</b> means
      </span>
      {(["image", "patient"] as const).map((one) => (
        <label key={one}>
          <input
            type="radio"
            name="side"
            checked={chosenSide.value === one}
            onChange={() => chooseSide(one)}
          />
          <span>{one === "image" ? "picture’s left" : "patient’s left"}</span>
        </label>
      ))}
    </div>
  );
}

function Box({ opened, layer }: { opened: Opened; layer: Layer }) {
  const box = useRef<HTMLTextAreaElement>(null);
  const row = useRef<HTMLDivElement>(null);
  // Of a layer much may change, at every stroke of a brush: only its words are read again.
  const text = useComputed(() => opened.asked.value?.text ?? "");
  useSignalEffect(() => {
    void chosenSide.value;
    readSentence(text.value, box.current?.selectionStart ?? text.value.length);
  });
  const take = (text: string, [start, end]: [number, number]) => {
    const whole = layer.text.slice(0, start) + text + layer.text.slice(end);
    setText(opened, layer, whole);
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(start + text.length, start + text.length);
    });
  };
  return (
    <>
      <div class="box">
        <textarea
          id="sentence"
          ref={box}
          rows={3}
          maxLength={1000}
          spellcheck={false}
          value={layer.text}
          aria-label="Sentence"
          aria-describedby="sentence-help"
          placeholder="one small nodule in the upper left"
          onInput={(event) => setText(opened, layer, event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") focusPicture();
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              setText(opened, layer, layer.text);
            }
            const isAtEnd = event.currentTarget.selectionEnd === layer.text.length;
            if (event.key === "ArrowDown" && isAtEnd) {
              const first = row.current?.querySelector("button");
              if (first) event.preventDefault();
              first?.focus();
            }
          }}
        />
        {layer.isAsking && <span class="busy" aria-hidden="true" />}
      </div>
      <p id="sentence-help" class="unseen">
        The mask appears while you type. Arrow down goes to suggestions, Escape to the picture.
      </p>
      {!/[.!?]\s*$/.test(layer.text) && suggestions.value.length > 0 && (
        <div ref={row} class="suggestions" role="group" aria-label="Suggestions">
          {suggestions.value.map((one) => (
            <button
              key={one.text + one.replaces.join()}
              type="button"
              onClick={() => take(one.text, one.replaces)}
              onKeyDown={(event) => moveAmong(event, box.current)}
            >
              {one.text.trim()}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

function moveAmong(event: KeyboardEvent, box: HTMLElement | null): void {
  const here = event.currentTarget as HTMLElement;
  const next =
    event.key === "ArrowRight"
      ? here.nextElementSibling
      : event.key === "ArrowLeft"
        ? here.previousElementSibling
        : event.key === "ArrowUp" || event.key === "Escape"
          ? box
          : null;
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}

export const focusPicture = () => document.querySelector<HTMLElement>(".stage")?.focus();

function Earlier({ opened, layer }: { opened: Opened; layer: Layer }) {
  if (!history.value.length) return null;
  return (
    <details class="earlier">
      <summary>Earlier sentences ({history.value.length})</summary>
      <ul>
        {history.value.map((one) => (
          <li key={one}>
            <button type="button" onClick={() => setText(opened, layer, one)}>
              {one}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
