/** A choice that is on or off, with what it means beside it. */

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export function Check({ isOn, children }: { isOn: Signal<boolean>; children: ComponentChildren }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isOn.value}
        onChange={(event) => {
          isOn.value = event.currentTarget.checked;
        }}
      />
      <span>{children}</span>
    </label>
  );
}
