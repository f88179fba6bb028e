/** The windows that CT is usually looked at in. */

import type { Level } from "../pixels/picture";
import type { Opened } from "../state/opened";

/** Centre and width in Hounsfield units. */
export const WINDOWS = {
  "soft tissue": [40, 400],
  lung: [-600, 1500],
  bone: [400, 1800],
  brain: [40, 80],
} as const;

export type WindowName = keyof typeof WINDOWS;

const AIR = -900;

/** Whether its values are Hounsfield units; NIfTI does not tell, but its air is far below water. */
export function isCt({ info, picture, scale }: Opened): boolean {
  if (picture.value?.top !== 65535) return false;
  const { modality } = info.value;
  return modality ? modality === "CT" : info.value.kind === "volume" && scale.value.low <= AIR;
}

export function windowOf(name: WindowName): Level {
  const [center, width] = WINDOWS[name];
  return { center, width, isInverted: false };
}

/** The usual window that is shown, if it is one. */
export function nameOfWindow({ center, width }: Level): WindowName | null {
  const names = Object.keys(WINDOWS) as WindowName[];
  return names.find((one) => WINDOWS[one][0] === center && WINDOWS[one][1] === width) ?? null;
}
