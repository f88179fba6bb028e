/** Whose side is where: the patient's R and L, and which edge a sentence's "left" means. */

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

export function SideMarks({ opened }: { opened: Opened }) {
  const patient = opened.info.value.patient_left;
  const isKnown = patient === "left" || patient === "right";
  const { edge, isAssumed } = edgeOfLeft(opened);
  const owner = chosenSide.value === "image" ? "picture" : "patient";
  const note = isAssumed ? ", as films hang" : "";
  return (
    <>
      {isKnown && (
        <>
          <span class="side-mark at-left" title="The patient's side">
            {patient === "left" ? "L" : "R"}
          </span>
          <span class="side-mark at-right" title="The patient's side">
            {patient === "left" ? "R" : "L"}
          </span>
        </>
      )}
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
