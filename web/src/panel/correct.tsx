/** Correct a mask by words; by hand it is done with the tools beside the picture. */

import { useSignal } from "@preact/signals";
import { command } from "../state/correcting";
import type { Opened } from "../state/opened";

/** Millimetres mean something only where the file tells how large a pixel is. */
const offered = (opened: Opened) => [
  "keep the largest",
  opened.info.value.spacing_mm ? "grow 2 mm" : "grow 3 pixels",
  "fill the holes",
  "smooth",
];

export function CorrectCard({ opened }: { opened: Opened }) {
  const text = useSignal("");
  const isBusy = useSignal(false);
  const run = async (what: string) => {
    if (!what.trim() || isBusy.value) return;
    isBusy.value = true;
    if (await command(opened, what.trim())) text.value = "";
    isBusy.value = false;
  };
  return (
    <section class="card" aria-labelledby="correct-title">
      <h2 id="correct-title">Correct</h2>
      <p class="hint">
        Paint with the brush and eraser, or say what to change. The answer itself is kept; your
        corrections are a layer of their own.
        {opened.isVolume &&
          ` Both change slice ${opened.slice.value + 1} only, the one that is shown.`}
      </p>
      <form
        class="command"
        onSubmit={(event) => {
          event.preventDefault();
          void run(text.value);
        }}
      >
        <input
          id="command"
          type="text"
          maxLength={300}
          aria-label="Change the mask by words"
          placeholder="remove the part on the left"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
        <button type="submit" class="primary" aria-disabled={isBusy.value}>
          Do it
        </button>
      </form>
      <div class="suggestions" role="group" aria-label="Commands to try">
        {offered(opened).map((one) => (
          <button key={one} type="button" onClick={() => void run(one)}>
            {one}
          </button>
        ))}
      </div>
    </section>
  );
}
