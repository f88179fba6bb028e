/** Ask the sentence of every slice of a volume; see how far it is, and stop it. */

import { askAllSlices, progress, stopSlices, tally, tallyInWords } from "../state/all_slices";
import type { Layer } from "../state/layer";
import type { Opened } from "../state/opened";
import { Icon } from "../view/icon";

export function AllSlices({ opened, layer }: { opened: Opened; layer: Layer }) {
  if (!opened.isVolume || !layer.text.trim()) return null;
  const { slices } = opened.info.value;
  const now = progress.value;
  if (now?.opened === opened && now.layer === layer.id)
    return (
      <div class="all-slices">
        <label>
          <span>
            Slice {now.done + 1} of {now.of} …
          </span>
          <progress max={now.of} value={now.done} />
        </label>
        <button type="button" onClick={stopSlices}>
          Stop
        </button>
      </div>
    );
  const { asked } = tally(opened, layer);
  return (
    <>
      {asked > 1 && <p class="hint">{tallyInWords(opened, layer)}</p>}
      {asked < slices && (
        <button
          type="button"
          class="wide"
          disabled={now !== null}
          onClick={() => void askAllSlices(opened, layer.id)}
        >
          <Icon name="layers" size={17} /> Draw it on all {slices} slices
        </button>
      )}
    </>
  );
}
