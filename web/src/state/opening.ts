/** From files, a paste or an example to open pictures; from one picture to the next. */

import { effect } from "@preact/signals";
import { type Given, keepPath, type Pile, sortGiven } from "../given/groups";
import * as api from "../server/api";
import { give, look, patiently, takeExample } from "./giving";
import { hasUnsavedWork } from "./layers";
import { many } from "./many";
import { say, tell } from "./notices";
import type { Opened } from "./opened";
import { reasonOf, trying } from "./patience";
import { openSession } from "./session_zip";
import { current, currentKey, model, pictures, uploading } from "./store";
import {
  bind,
  drop,
  type Item,
  isIncomplete,
  isOpened,
  labelOf,
  placeInList,
  Waiting,
  waiting,
  worklist,
} from "./worklist";

/** So many are sent at once when they are given; of more, the one that is shown. */
const FEW = 6;
/** The server is asked to keep so many; others are given again when they are shown. */
const MOST_HELD = 24;
/** Of so many the page keeps the pixels. */
const MOST_PIXELS = 8;

let giving: AbortController | null = null;

export function stopUpload(): void {
  giving?.abort();
}

export async function openFiles(files: readonly File[]): Promise<void> {
  if (!files.length) return nothingCame();
  uploading.value = files.length > 1 ? `Looking at ${files.length} files …` : "Opening …";
  try {
    const pile = await sortGiven(files);
    tellLeftOut(pile);
    const again: Opened[] = [];
    for (const session of pile.sessions) again.push(...(await openSession(session)));
    const here = staysHere(pile.given);
    const added = pile.given.flatMap((one) => waitFor(one, pile.given.length > FEW) ?? []);
    const fresh = added.filter((one) => !waiting.value.includes(one));
    waiting.value = [...waiting.value, ...fresh];
    const shown = added.filter((one) => !one.standsFor.value);
    const first = again[0] ?? (here ? (fileOf(here, shown) ?? here) : shown[0]);
    if (first) await showFrom(first, shown);
    else if (![pile.given, pile.empty, pile.others, pile.sessions].some((one) => one.length))
      nothingCame();
    if (shown.length <= FEW) forgetRefused(fresh);
  } finally {
    uploading.value = null;
  }
}

/** It was told of them, and nothing waits for them: the list did not have them before. */
function forgetRefused(fresh: readonly Waiting[]): void {
  for (const one of fresh) if (one.problem.value) drop(one);
}

/** Where one stays: its own file is among what was given, as when a folder is given again. */
function staysHere(given: readonly Given[]): Opened | null {
  const here = current.value;
  return here && isIncomplete(here) && given.some((one) => one.path === here.path) ? here : null;
}

/** The file that a picture lacks. */
const fileOf = (opened: Opened, added: readonly Waiting[]) =>
  isIncomplete(opened) ? added.find((one) => one.path === opened.path) : undefined;

function nothingCame(): void {
  tell("There is no file in what you gave. Give a picture, a folder or a zip.");
}

function tellLeftOut({ empty, others, given }: Pile): void {
  for (const one of empty.slice(0, 3))
    tell(`${one} is empty (0 bytes). It may not have been copied whole: give it again.`);
  if (empty.length > 3)
    tell(`${many(empty.length - 3, "more file")} ${empty.length > 4 ? "are" : "is"} empty.`);
  const [first] = others;
  if (others.length === 1) tell(`${first} is no picture and was left out.`);
  else if (first) tell(`${others.length} files are no pictures and were left out, as ${first}.`);
  if (!given.length && others.length) say("Nothing was opened.");
}

/** Put a picture on the list. Null where it is too large. */
function waitFor(given: Given, isAmongMany: boolean): Waiting | null {
  const most = model.value?.limits?.bytes ?? Number.POSITIVE_INFINITY;
  if (given.bytes > most) {
    tell(
      `${given.name} has ${megabytes(given.bytes)}; at most ${megabytes(most)} are taken at once. Give a smaller file, or a part of it.`,
    );
    return null;
  }
  const again = waiting.value.find(
    (one) => (!one.given || one.problem.value) && one.path === given.path,
  );
  if (again) {
    again.given = given;
    again.problem.value = null;
    return again;
  }
  const made = new Waiting(given.path, given.name, given);
  const former = pictures.value.find((one) => isIncomplete(one) && one.path === given.path);
  // One of few is given at once, and its hash tells whether it is that picture.
  if (former && isAmongMany) bind(former, made);
  return made;
}

/** Show the first that can be opened; where they are few, open all. */
async function showFrom(first: Item, added: readonly Waiting[]): Promise<void> {
  const some = added.length <= FEW ? added : [];
  if (isOpened(first)) look(first);
  else await show(first, added);
  for (const one of some) {
    if (!waiting.value.includes(one) || one.problem.value) continue;
    const isDone = await trying(async () => {
      if (!(await give(one)) && one.problem.value) tell(one.problem.value);
    }, `${one.name} was not opened`);
    if (!isDone) break;
  }
}

/** Show a picture of the list; one that cannot be opened is told, and the next that can is shown. */
export async function show(item: Item, others: readonly Item[] = []): Promise<void> {
  if (isOpened(item)) {
    look(item);
    return;
  }
  for (const one of [item, ...others.filter((other) => other !== item)]) {
    if (isOpened(one)) return look(one);
    giving = new AbortController();
    const { signal } = giving;
    uploading.value = `Opening ${labelOf(one)} …`;
    let opened: Opened | null = null;
    const isDone = await trying(async () => {
      opened = await give(one, signal);
    }, `${one.name} was not opened`);
    uploading.value = null;
    if (opened) return look(opened);
    if (!isDone) return;
    if (one.problem.value) tell(one.problem.value);
    if (!one.given) return; // so it is with all that come behind
  }
}

/** Go to the next picture of the list, or to the one before. */
export function step(by: 1 | -1): void {
  const next = worklist.value[placeInList.value + by];
  if (next) void show(next, worklist.value.slice(placeInList.value + by).slice(0, by > 0 ? 20 : 1));
  else say(by > 0 ? "This is the last picture." : "This is the first picture.");
}

/** The next one that is not marked as done, behind this one or else before it. */
export function stepToOpen(): void {
  const here = placeInList.value;
  const all = [...worklist.value.slice(here + 1), ...worklist.value.slice(0, Math.max(0, here))];
  const next = all.find((one) => (isOpened(one) ? !one.isDone.value : !one.problem.value));
  if (next) void show(next);
  else tell("All pictures are done.", "done");
}

export function markDone(opened: Opened): void {
  opened.isDone.value = !opened.isDone.value;
  say(opened.isDone.value ? `${labelOf(opened)} is done.` : `${labelOf(opened)} is open again.`);
}

export async function openExample(name: string, sentence?: string): Promise<void> {
  uploading.value = "Opening the example …";
  await trying(async () => {
    const opened = takeExample(await patiently(() => api.openExample(name)), name);
    if (!opened) return;
    look(opened);
    const layer = opened.active.value;
    // It is asked as soon as the picture's pixels are there.
    if (layer && sentence && !layer.text) opened.change(layer.id, { text: sentence });
  }, "The example was not opened");
  uploading.value = null;
}

const megabytes = (bytes: number) => `${Math.max(1, Math.round(bytes / 2 ** 20))} MB`;

export function closePicture(item: Item): void {
  if (!isOpened(item)) {
    drop(item);
    return;
  }
  const question = `${labelOf(item)} has corrections that were not saved. Close it all the same?`;
  if (hasUnsavedWork(item) && !confirm(question)) return;
  const { id } = item.info.value;
  const at = worklist.value.indexOf(item);
  const near = [...worklist.value.slice(at + 1), ...worklist.value.slice(0, at).reverse()];
  pictures.value = pictures.value.filter((one) => one !== item);
  drop(item);
  if (currentKey.value === item.key) {
    currentKey.value = near.find(isOpened)?.key ?? null;
    if (near[0] && !isOpened(near[0])) void show(near[0]);
  }
  const isShared = pictures.value.some((one) => one.info.value.id === id);
  // What another tab still shows it gives again by itself.
  if (!isShared && id) void api.forget(id).catch(reasonOf);
}

const recent: Opened[] = [];

/** Open the next picture ahead; let the server and the page forget what was not seen for long. */
export function watchWork(): void {
  effect(() => {
    const opened = current.value;
    if (!opened) return;
    const known = recent.indexOf(opened);
    if (known >= 0) recent.splice(known, 1);
    recent.unshift(opened);
    queueMicrotask(() => {
      forgetOld();
      void lookAhead(opened);
    });
  });
}

async function lookAhead(opened: Opened): Promise<void> {
  const next = worklist.value[worklist.value.indexOf(opened) + 1];
  if (!next || isOpened(next) || !next.given || next.problem.value) return;
  // What goes wrong is told when the person comes to it.
  await give(next).catch(() => null);
}

function forgetOld(): void {
  for (const one of recent.splice(MOST_HELD)) {
    const { id } = one.info.value;
    const isOpen = pictures.value.includes(one);
    if (isOpen && one.source && id) void api.forget(id).catch(() => {});
  }
  for (const one of recent.slice(MOST_PIXELS)) one.picture.value = null;
}

/** The files of a drop, with those within its folders. */
export async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry?.() ?? null)
    .filter((entry) => entry !== null);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(filesWithin))).flat();
}

async function filesWithin(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) =>
      (entry as FileSystemFileEntry).file(done, fail),
    );
    return [keepPath(file, entry.fullPath)];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) =>
      reader.readEntries(done, fail),
    );
    if (!some.length) break; // they come a hundred at a time
    found.push(...some);
  }
  return (await Promise.all(found.map(filesWithin))).flat();
}
