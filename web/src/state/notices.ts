/** What the page tells: lines that stay until they are closed, and words for screen readers. */

import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  kind: "problem" | "done";
}

export const notices = signal<readonly Notice[]>([]);
/** Read out as soon as the screen reader is free. */
export const said = signal("");

let lastId = 0;
const SECONDS_OF_DONE = 6;

/** Return the number by which it can be closed. */
export function tell(text: string, kind: Notice["kind"] = "problem"): number {
  const known = notices.value.find((one) => one.text === text);
  if (known) return known.id;
  const id = ++lastId;
  notices.value = [...notices.value.slice(-3), { id, text, kind }];
  if (kind === "done") setTimeout(() => close(id), SECONDS_OF_DONE * 1000);
  return id;
}

export function close(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id);
}

export function say(text: string): void {
  said.value = text;
}
