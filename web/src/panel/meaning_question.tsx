/** What only a person can say: what a correction is for, and which of several masks holds. */

import { chooseSide } from "../state/asking";
import { join } from "../state/correcting";
import type { Layer } from "../state/layer";
import { keepItsSentence, keepOnly } from "../state/layers";
import { isInStep, meaningOf, sentenceLayer, standsFor, takeNewMeaning } from "../state/meaning";
import type { Opened } from "../state/opened";
import { takingOf } from "../state/taking";
import { Icon } from "../view/icon";

const WHOSE = { image: "picture’s", patient: "patient’s" } as const;

/** What is to be said of the corrections of a sentence, there where it was changed. */
export function MeaningQuestions({ opened, layer }: { opened: Opened; layer: Layer }) {
  const corrections = opened.layers.value.filter((one) => one.corrects === layer.id);
  if (corrections.some((one) => !standsFor(opened, one).text))
    return <p class="hint">You have painted without a sentence: write one, to save it.</p>;
  const old = corrections.filter((one) => !isInStep(opened, one));
  return (
    <>
      {old.map((one) => (
        <Question key={one.id} opened={opened} layer={one} />
      ))}
      {takingOf(opened).doubled.map((layers) => (
        <WhichHolds key={layers.map((one) => one.id).join()} opened={opened} layers={layers} />
      ))}
    </>
  );
}

/** Several masks are for one sentence, of which a file can have but one. */
function WhichHolds({ opened, layers }: { opened: Opened; layers: readonly Layer[] }) {
  const [first] = layers;
  if (!first) return null;
  const areDrawn = first.corrects !== null;
  return (
    <div class="warnings question" role="group" aria-label="Which mask holds?">
      <p>
        <Icon name="warn" size={16} /> {layers.length}{" "}
        {areDrawn ? "corrections are for" : "answers that differ are for"} “
        {standsFor(opened, first).text}”. A file can have but one mask of a sentence: say which one
        holds.
      </p>
      <div class="suggestions">
        {areDrawn && (
          <button type="button" onClick={() => join(opened, layers)}>
            Join them
          </button>
        )}
        {layers.map((one) => (
          <button key={one.id} type="button" onClick={() => keepOnly(opened, one, layers)}>
            <span class="swatch" style={{ "--swatch": one.colour }} /> Keep only layer{" "}
            {opened.layers.value.indexOf(one) + 1}
          </button>
        ))}
      </div>
    </div>
  );
}

function Question({ opened, layer }: { opened: Opened; layer: Layer }) {
  const drawn = standsFor(opened, layer);
  const now = meaningOf(sentenceLayer(opened, layer).text);
  return (
    <div class="warnings question" role="group" aria-label="What is this correction for?">
      <p>
        <Icon name="warn" size={16} />{" "}
        {drawn.side !== now.side
          ? `You drew this when “left” meant the ${WHOSE[drawn.side]} left.`
          : `You drew this for “${drawn.text}”. The sentence is another now.`}{" "}
        It is not saved until you say what it is for.
      </p>
      <div class="suggestions">
        {now.text && (
          <button type="button" onClick={() => takeNewMeaning(opened, layer.id)}>
            {drawn.side !== now.side
              ? `It is right for the ${WHOSE[now.side]} left`
              : "It is right for the new sentence"}
          </button>
        )}
        {drawn.side === now.side ? (
          <button type="button" onClick={() => keepItsSentence(opened, layer.id)}>
            Keep it for its own sentence
          </button>
        ) : (
          <button type="button" onClick={() => chooseSide(drawn.side)}>
            Back to the {WHOSE[drawn.side]} left
          </button>
        )}
      </div>
    </div>
  );
}
