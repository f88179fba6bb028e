/** Take all pictures away in one file. */

import { useSignal } from "@preact/signals";
import { progress, stopTaking, takeAll } from "../state/whole";
import { Icon } from "./icon";

export function AllPictures() {
  const isDoneOnly = useSignal(false);
  const isDeidentified = useSignal(false);
  const isBusy = progress.value !== null;
  const take = (format: "dataset" | "zip") => {
    if (!isBusy) void takeAll(format, isDoneOnly.value, isDeidentified.value);
  };
  return (
    <section class="all-pictures" aria-labelledby="all-title">
      <h3 id="all-title">Take all of them away in one file</h3>
      <div class="formats">
        <button type="button" aria-disabled={isBusy} onClick={() => take("dataset")}>
          <Icon name="save" size={17} />
          <span>
            Data set of all pictures
            <small>to train on</small>
          </span>
        </button>
        <button type="button" aria-disabled={isBusy} onClick={() => take("zip")}>
          <Icon name="save" size={17} />
          <span>
            Session of all pictures
            <small>to go on tomorrow: open the ZIP</small>
          </span>
        </button>
      </div>
      {isBusy && (
        <p class="saving" role="status">
          <span class="busy" aria-hidden="true" /> {progress.value}
          <button type="button" class="small" onClick={stopTaking}>
            Stop
          </button>
        </p>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={isDoneOnly.value}
          onChange={(event) => {
            isDoneOnly.value = event.currentTarget.checked;
          }}
        />
        <span>Only pictures that are marked as done</span>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={isDeidentified.value}
          onChange={(event) => {
            isDeidentified.value = event.currentTarget.checked;
          }}
        />
        <span>
          Leave out what may tell the patient. A data set keeps its pictures, which it is made of;
          sentences stay.
        </span>
      </label>
    </section>
  );
}
