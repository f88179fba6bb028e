/** What a reload of this tab brings back of the list: names and order, but no files. */

import { effect } from "@preact/signals";
import { pictures } from "./store";
import { isOpened, setPlace, Waiting, waiting, worklist } from "./worklist";

const NAME = "lingseg.worklist";
const SAVING_PAUSE = 400;

/** A picture stands by its number among those that are open; a waiting one by its path. */
type Kept = { picture: number } | { path: string; name: string };

function save(): void {
  const kept = worklist.value.map(
    (one): Kept =>
      isOpened(one) ? { picture: pictures.value.indexOf(one) } : { path: one.path, name: one.name },
  );
  try {
    sessionStorage.setItem(NAME, JSON.stringify(kept));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // told where the corrections are kept
  }
}

/** To be called when the pictures are back. */
export function restoreWorklist(): void {
  const text = sessionStorage.getItem(NAME);
  if (!text) return;
  try {
    const lost: Waiting[] = [];
    (JSON.parse(text) as Kept[]).forEach((one, at) => {
      if (!("picture" in one)) {
        const made = new Waiting(one.path, one.name, null);
        setPlace(made, at);
        lost.push(made);
        return;
      }
      const opened = pictures.value[one.picture];
      if (opened) setPlace(opened, at);
    });
    waiting.value = lost;
  } catch {
    sessionStorage.removeItem(NAME); // an older page wrote it otherwise
  }
}

export function keepWorklist(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    void worklist.value;
    clearTimeout(timer);
    timer = setTimeout(save, SAVING_PAUSE);
  });
  addEventListener("pagehide", save);
}
