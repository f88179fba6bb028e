/** Whose side is where: letters at the edges, and which edge a sentence's "left" means. */

import type { Direction, Edges, ImageInfo } from "../server/contract";
import type { Opened } from "../state/opened";
import { chosenSide } from "../state/store";

interface Left {
  edge: "left" | "right" | null;
  /** The file does not tell: taken to hang as films do. */
  isAssumed: boolean;
}

/** The edge of the picture that "left" names; null where it lies at neither. */
export function edgeOfLeft(opened: Opened): Left {
  if (chosenSide.value === "image") return { edge: "left", isAssumed: false };
  const edge = opened.info.value.patient_left;
  if (edge === null) return { edge: "right", isAssumed: true };
  return { edge: edge === "neither" ? null : edge, isAssumed: false };
}

const IN_WORDS: Record<Direction, string> = {
  R: "right",
  L: "left",
  A: "front",
  P: "back",
  S: "head",
  I: "feet",
};

/** What the file tells of each edge; where it tells the patient's left alone, of two. */
export function lettersOf(info: Pick<ImageInfo, "edges" | "patient_left">): Partial<Edges> {
  if (info.edges) return info.edges;
  if (info.patient_left === "left") return { left: "L", right: "R" };
  if (info.patient_left === "right") return { left: "R", right: "L" };
  return {};
}

export function SideMarks({ opened }: { opened: Opened }) {
  const letters = lettersOf(opened.info.value);
  const { edge, isAssumed } = edgeOfLeft(opened);
  const owner = chosenSide.value === "image" ? "picture" : "patient";
  const note = isAssumed ? ", as films hang" : "";
  return (
    <>
      {(["left", "right", "top", "bottom"] as const).map((at) => {
        const letter = letters[at];
        if (!letter) return null;
        return (
          <abbr key={at} class={`side-mark at-${at}`} title={`The patient’s ${IN_WORDS[letter]}`}>
            {letter}
          </abbr>
        );
      })}
      <span class={`left-is ${edge ? `at-${edge}` : "is-unknown"}`}>
        {edge === "left" && "◂ "}
        <b>“left”</b>
        <small>
          {edge ? ` of the ${owner}${note}` : " lies at neither edge: seen from the side"}
        </small>
        {edge === "right" && " ▸"}
      </span>
    </>
  );
}
