/** Correct a mask by words; by hand it is done with the tools beside the picture. */

import { useSignal } from "@preact/signals";
import { command } from "../state/correcting";
import type { Opened } from "../state/opened";

const OFFERED = ["keep the largest", "grow 2 mm", "fill the holes", "smooth"] as const;

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
        <button type="submit" class="primary" disabled={isBusy.value}>
          Do it
        </button>
      </form>
      <div class="suggestions" role="group" aria-label="Commands to try">
        {OFFERED.map((one) => (
          <button key={one} type="button" onClick={() => void run(one)}>
            {one}
          </button>
        ))}
      </div>
    </section>
  );
}
