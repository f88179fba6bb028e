/** What the model answered to a sentence, and which word carried what. */

import { signal } from "@preact/signals";
import { area } from "../pixels/runs";
import * as api from "../server/api";
import type { Answer, StruckWord } from "../server/contract";
import { askLayer, sizeInWords } from "../state/asking";
import { type Layer, maskOf } from "../state/layer";
import { inPixels } from "../state/many";
import { answerOf, isSameMeaning, meaningOf } from "../state/meaning";
import { say } from "../state/notices";
import type { Opened } from "../state/opened";
import { askOf, trying } from "../state/patience";
import { Icon } from "../view/icon";

interface Props {
  opened: Opened;
  layer: Layer;
}

/** What the server says leads: before how it was read, and before what one can do with it. */
export function Verdict({ opened, layer }: Props) {
  if (layer.problem)
    return (
      <div class="answer" data-verdict="problem">
        <p>
          <Icon name="warn" size={17} /> {layer.problem}
        </p>
        <button type="button" onClick={() => void askLayer(opened, layer.id)}>
          Try again
        </button>
      </div>
    );
  const answered = layer.answers.get(opened.slice.value);
  if (!answered || !layer.text.trim()) return null;
  const { answer } = answered;
  const mask = maskOf(layer, opened.slice.value);
  const isMoved = layer.threshold !== null;
  return (
    <div
      class="answer"
      data-verdict={VERDICTS.has(answer.verdict) ? answer.verdict : "unsure"}
      data-doubt={!!answer.disagreements?.length || !!answer.notices?.length}
      data-stale={layer.isAsking || !answerOf(layer, opened.slice.value)}
    >
      <p class="verdict">{answer.sentence_for_people}</p>
      {mask && (answer.is_found || isMoved) && (
        <p class="size">{sizeInWords(opened, area(mask))}</p>
      )}
      <Warnings answer={answer} />
    </div>
  );
}

/** The threshold, and words to strike. */
export function AnswerTools({ opened, layer }: Props) {
  const answered = layer.answers.get(opened.slice.value);
  if (!answered || layer.problem || !layer.text.trim()) return null;
  return (
    <>
      {answered.probabilities && (
        <Threshold opened={opened} layer={layer} answer={answered.answer} />
      )}
      <Strike opened={opened} layer={layer} />
    </>
  );
}

/** Of any other one, as that nothing was understood, the sentence itself tells. */
const VERDICTS = new Set(["found", "not found", "unsure"]);

function Warnings({ answer }: { answer: Answer }) {
  const lost = answer.lost_words.length
    ? [`The model did not read the end: “${answer.lost_words.join(" ")}”. Say it shorter.`]
    : [];
  const lines = [...(answer.notices ?? []), ...(answer.disagreements ?? []), ...lost];
  if (!lines.length) return null;
  return (
    <ul class="warnings" aria-label="Warnings">
      {lines.map((one) => (
        <li key={one}>
          <Icon name="warn" size={16} /> {asSentence(one)}
        </li>
      ))}
    </ul>
  );
}

const asSentence = (line: string) =>
  line.charAt(0).toUpperCase() + line.slice(1) + (/[.!?]$/.test(line) ? "" : ".");

function Threshold(props: { opened: Opened; layer: Layer; answer: Answer }) {
  const { opened, layer, answer } = props;
  const threshold = layer.threshold ?? answer.threshold;
  const move = (value: number | null) => opened.change(layer.id, { threshold: value });
  return (
    <div class="threshold">
      <label>
        <span>
          Draw what is at least <output>{Math.round(threshold * 100)} %</output> probable
        </span>
        <input
          id="threshold"
          type="range"
          min="1"
          max="99"
          value={Math.round(threshold * 100)}
          onInput={(event) => move(event.currentTarget.valueAsNumber / 100)}
        />
      </label>
      {layer.threshold !== null && (
        <p class="hint">
          {answer.is_found
            ? "Moved by hand. "
            : "The model says that it is not there; this is what it would draw. "}
          <button type="button" class="link" onClick={() => move(null)}>
            Back to the model’s {Math.round(answer.threshold * 100)} %
          </button>
        </p>
      )}
    </div>
  );
}

const isStriking = signal(false);

interface Word {
  text: string;
  start: number;
}

/** The words as they stand; marks around them stay where they are. */
export const wordsOf = (text: string): Word[] =>
  [...text.matchAll(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)].map((one) => ({
    text: one[0],
    start: one.index,
  }));

function Strike({ opened, layer }: Props) {
  const words = wordsOf(layer.text);
  const struck = opened.struck.value?.layer === layer.id ? opened.struck.value.word : null;
  if (words.length < 2 || layer.isAsking) return null;
  return (
    <div class="strike">
      <h3 id="strike-title">Strike a word: what did it carry?</h3>
      <div class="words" role="group" aria-labelledby="strike-title" aria-busy={isStriking.value}>
        {words.map((word) => (
          <button
            key={word.start}
            type="button"
            aria-pressed={covers(struck, word)}
            onClick={() => void strikeWord(opened, layer, word)}
          >
            {word.text}
          </button>
        ))}
      </div>
      {isStriking.value && <p class="hint">Asking without each word …</p>}
      {struck && <StruckLine word={struck} />}
    </div>
  );
}

const covers = (struck: StruckWord | null, word: Word) =>
  !!struck && struck.start <= word.start && word.start < struck.end;

function StruckLine({ word }: { word: StruckWord }) {
  return (
    <div class="struck" id="struck">
      <p>{inWords(word)}</p>
      <p class="legend">
        <span class="carried">carried by the word</span>
        <span class="held">held back by it</span>
      </p>
    </div>
  );
}

export function inWords({ word, lost_pixels: lost, gained_pixels: gained }: StruckWord): string {
  if (!lost && !gained) return `Without “${word}” the mask stays the same.`;
  const parts = [lost && `loses ${inPixels(lost)}`, gained && `gains ${inPixels(gained)}`];
  return `Without “${word}” the mask ${parts.filter(Boolean).join(" and ")}.`;
}

async function strikeWord(opened: Opened, layer: Layer, word: Word): Promise<void> {
  if (covers(opened.struck.value?.word ?? null, word)) {
    opened.struck.value = null;
    return;
  }
  const slice = opened.slice.value;
  const asked = meaningOf(layer.text);
  const isStill = () => {
    const now = opened.find(layer.id);
    return !!now && now.text === layer.text && isSameMeaning(meaningOf(now.text), asked);
  };
  let words = layer.words.get(slice);
  if (!words) {
    isStriking.value = true;
    await trying(async () => {
      const where = opened.isVolume ? slice : null;
      const answer = await askOf(opened, (id) => api.strike(id, layer.text, asked.side, where));
      words = answer.words;
      const now = opened.find(layer.id);
      if (now && isStill())
        opened.change(layer.id, { words: new Map([...now.words, [slice, words]]) });
    }, "The word was not struck");
    isStriking.value = false;
  }
  // The grammar's set phrases are struck too; the word itself comes first.
  const struck =
    words?.find((one) => one.start === word.start && one.word === word.text) ??
    words?.find((one) => covers(one, word));
  // The sentence may have changed, its side or the slice, while the server was striking.
  if (!isStill() || opened.slice.value !== slice) return;
  if (struck) {
    opened.struck.value = { layer: layer.id, word: struck };
    say(inWords(struck));
  } else if (words) say(`“${word.text}” cannot be struck alone.`);
}
