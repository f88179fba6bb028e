/** Take all pictures away in one file. */

import { useSignal } from "@preact/signals";
import { progress, stopTaking, takeAll, type Whole } from "../state/whole";
import { Check } from "./check";
import { FormatLabel } from "./format_label";

const WHOLES: readonly [Whole, string, string][] = [
  ["dataset", "Data set of all pictures", "to train on"],
  ["zip", "Session of all pictures", "to go on tomorrow: open the ZIP"],
];

export function AllPictures() {
  const isDoneOnly = useSignal(false);
  const isDeidentified = useSignal(false);
  const isBusy = progress.value !== null;
  const take = (format: Whole) => {
    if (!isBusy) void takeAll(format, isDoneOnly.value, isDeidentified.value);
  };
  return (
    <section class="all-pictures" aria-labelledby="all-title">
      <h3 id="all-title">Take all of them away in one file</h3>
      <div class="formats">
        {WHOLES.map(([format, name, about]) => (
          <button key={format} type="button" aria-disabled={isBusy} onClick={() => take(format)}>
            <FormatLabel name={name} about={about} />
          </button>
        ))}
      </div>
      {isBusy && (
        <p class="saving" role="status">
          <span class="busy" aria-hidden="true" /> {progress.value}
          <button type="button" class="small" onClick={stopTaking}>
            Stop
          </button>
        </p>
      )}
      <Check isOn={isDoneOnly}>Only pictures that are marked as done</Check>
      <Check isOn={isDeidentified}>
        Leave out what may tell the patient. A data set keeps its pictures, which it is made of;
        sentences stay.
      </Check>
    </section>
  );
}
