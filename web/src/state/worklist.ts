/** All pictures that a person gave: those that are open, and those that wait to be looked at. */

import { computed, signal } from "@preact/signals";
import { folderOf, type Given, nameOf } from "../given/groups";
import type { Opened } from "./opened";
import { currentKey, pictures } from "./store";

let lastPlace = 0;

/** A picture that was given, but not yet sent to the server: it is, when it is shown. */
export class Waiting {
  readonly key = `waiting ${++lastPlace}`;
  /** Why it could not be opened. */
  readonly problem = signal<string | null>(null);
  /** An open picture whose file this seems to be: then it is no entry of its own. */
  readonly standsFor = signal<Opened | null>(null);

  constructor(
    readonly path: string,
    readonly name: string,
    /** Null: known from before a reload, which no page can read again by itself. */
    public given: Given | null,
  ) {
    placeOf(this);
  }
}

/** Take a waiting file for that of an open picture of the same path, until its hash tells otherwise. */
export function bind(opened: Opened, file: Waiting): void {
  const { given } = file;
  if (!given) return;
  file.standsFor.value = opened;
  opened.seeming = {
    otherwise: opened.source,
    isOther: () => {
      file.standsFor.value = null;
    },
  };
  opened.source = { files: given.files };
  opened.isLost.value = false;
  const hash = opened.original || (opened.info.value.input_hash ?? "");
  // Without its id it is given again before anything is asked of it.
  opened.info.value = { ...opened.info.value, id: "-", input_hash: hash };
}

/** Whether a file of the same path would complete a picture. */
export const isIncomplete = (opened: Opened): boolean =>
  !opened.source || (opened.original !== "" && !opened.seeming);

export type Item = Opened | Waiting;

export const waiting = signal<readonly Waiting[]>([]);

const places = new WeakMap<Item, number>();

export function placeOf(item: Item): number {
  const place = places.get(item) ?? ++lastPlace;
  places.set(item, place);
  return place;
}

export const setPlace = (item: Item, place: number): void => {
  places.set(item, place);
  lastPlace = Math.max(lastPlace, Math.ceil(place));
};

export const isOpened = (item: Item): item is Opened => !(item instanceof Waiting);

/** In the order in which they were given. */
export const worklist = computed<readonly Item[]>(() =>
  [...pictures.value, ...waiting.value.filter((one) => !one.standsFor.value)].sort(
    (one, other) => placeOf(one) - placeOf(other),
  ),
);

export const nameOfItem = (item: Item): string =>
  isOpened(item) ? item.info.value.name : item.name;

const doubles = computed(() => {
  const seen = new Map<string, number>();
  for (const one of worklist.value) {
    const name = nameOfItem(one);
    seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  return seen;
});

/** The name; with its folder, or else a number, where another picture has the same. */
export function labelOf(item: Item): string {
  const name = nameOfItem(item);
  const folder = folderOf(item.path);
  if ((doubles.value.get(name) ?? 0) < 2) return name;
  const twins = worklist.value.filter((one) => one.path === item.path && nameOfItem(one) === name);
  const number = twins.indexOf(item);
  const ending = number > 0 ? ` (${number + 1})` : "";
  if (!folder) return name + ending;
  const inner = nameOf(folder);
  const isEnough = worklist.value.every(
    (one) => one === item || nameOfItem(one) !== name || nameOf(folderOf(one.path)) !== inner,
  );
  return `${isEnough ? inner : folder}/${name}${ending}`;
}

export const placeInList = computed(() =>
  worklist.value.findIndex((one) => isOpened(one) && one.key === currentKey.value),
);

export const numDone = computed(
  () => worklist.value.filter((one) => isOpened(one) && one.isDone.value).length,
);

export function drop(gone: Item): void {
  waiting.value = waiting.value.filter((one) => one !== gone && one.standsFor.value !== gone);
}
