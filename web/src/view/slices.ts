/** Going through a volume. */

import type { Opened } from "../state/opened";

export function moveSlice(opened: Opened, by: number): void {
  const last = opened.info.value.slices - 1;
  opened.slice.value = Math.min(last, Math.max(0, opened.slice.value + by));
}
