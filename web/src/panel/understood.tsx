/** What was understood of the sentence, finding by finding, and what was not. */

import { useSignal } from "@preact/signals";
import type { Chip, Thing, Understanding } from "../server/contract";
import { understanding } from "../state/asking";
import type { Layer } from "../state/layer";
import { splitSentence } from "../state/layers";
import type { Opened } from "../state/opened";
import { Icon } from "../view/icon";

/** A page of text is no sentence: the first chips tell that it was read, no wall of them. */
const MOST_CHIPS = 18;

export function Understood({ opened, layer }: { opened: Opened; layer: Layer }) {
  const facts = understanding.value;
  const isWhole = useSignal(false);
  if (!facts || !layer.text.trim()) return null;
  const all = facts.chips.length + facts.not_understood.length;
  const most = isWhole.value ? Number.POSITIVE_INFINITY : MOST_CHIPS;
  const shown = cut(facts, most);
  const affirmed = saidAlone(facts.findings ?? []);
  return (
    <div class="understood">
      {groupsOf(shown.chips).map(({ title, chips }) => (
        <Group key={title} title={title} chips={chips} />
      ))}
      {shown.not_understood.length > 0 && (
        <ul class="chips" aria-label="What was not understood">
          {shown.not_understood.map((one) => (
            <li key={one.start} class="chip is-unknown">
              <small>not understood</small> {one.text}
            </li>
          ))}
        </ul>
      )}
      {all > MOST_CHIPS && (
        <button
          type="button"
          class="link"
          aria-expanded={isWhole.value}
          onClick={() => {
            isWhole.value = !isWhole.value;
          }}
        >
          {isWhole.value ? "Show fewer" : `Show all ${all}`}
        </button>
      )}
      {affirmed.length > 0 && (
        <button type="button" class="small" onClick={() => splitSentence(opened, layer, affirmed)}>
          <Icon name="layers" size={16} />{" "}
          {affirmed.length > 1
            ? `One sentence a finding (${affirmed.length})`
            : "Ask what is there by itself"}
        </button>
      )}
      {facts.notices.map((one) => (
        <p key={one} class="hint">
          {one}
        </p>
      ))}
    </div>
  );
}

/** At most so many; what was not understood comes first, as it must be seen. */
function cut({ chips, not_understood: unknown }: Understanding, most: number) {
  return {
    not_understood: unknown.slice(0, most),
    chips: chips.slice(0, Math.max(0, most - unknown.length)),
  };
}

/** The findings that are there, each in words of its own; none where there is but one. */
export function saidAlone(things: readonly Thing[]): string[] {
  if (things.length < 2) return [];
  const present = things.filter((one) => one.presence === "present").map((one) => one.said);
  return [...new Set(present)];
}

interface Grouped {
  title: string;
  chips: Chip[];
}

/** The chips of each finding together; of one finding, all in one row. */
export function groupsOf(chips: readonly Chip[]): Grouped[] {
  const numbers = [...new Set(chips.map((one) => one.finding ?? null))];
  const findings = numbers.filter((one) => one !== null).sort((a, b) => a - b);
  if (findings.length < 2)
    return chips.length ? [{ title: "What was understood", chips: [...chips] }] : [];
  const groups = findings.map((number, at) => ({
    title: `What was understood of finding ${at + 1}`,
    chips: chips.filter((one) => one.finding === number),
  }));
  const rest = chips.filter((one) => (one.finding ?? null) === null);
  return rest.length ? [...groups, { title: "Of the picture", chips: rest }] : groups;
}

function Group({ title, chips }: Grouped) {
  return (
    <ul class="chips" aria-label={title} data-absent={chips.some((one) => one.kind === "presence")}>
      {chips.map((one, at) => (
        <li key={`${one.kind} ${one.value} ${at}`} class="chip" data-kind={one.kind}>
          <small>{one.kind}</small> {one.label}
        </li>
      ))}
    </ul>
  );
}
