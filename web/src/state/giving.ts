/** From what was given to open pictures: one is sent to the server when it is wanted. */

import * as api from "../server/api";
import { Refusal } from "../server/api";
import type { ImageInfo, Uploaded } from "../server/contract";
import { many } from "./many";
import { say, tell } from "./notices";
import { Opened, type Source } from "./opened";
import { isSame, pause } from "./patience";
import { currentKey, pictures, uploading } from "./store";
import { drop, placeOf, setPlace, type Waiting, waiting } from "./worklist";

/** A busy server says when to come back. */
export async function patiently(ask: () => Promise<Uploaded>): Promise<Uploaded> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const wait = error instanceof Refusal ? error.retryAfter : null;
      if (wait === null || tries >= 4) throw error;
      if (uploading.value) uploading.value = "The server is busy; waiting for a turn …";
      await pause(Math.min(wait, 10));
    }
  }
}

const underWay = new Map<Waiting, Promise<Opened | null>>();

/**
 * Send a waiting picture to the server and open it.
 *
 * Null: it could not be opened; the entry says why. What has not to do with the picture itself, as
 * a broken connection, is thrown.
 */
export function give(one: Waiting, signal?: AbortSignal): Promise<Opened | null> {
  const known = underWay.get(one);
  if (known) return known;
  const giving = giveNow(one, signal).finally(() => underWay.delete(one));
  underWay.set(one, giving);
  return giving;
}

async function giveNow(one: Waiting, signal?: AbortSignal): Promise<Opened | null> {
  const { given } = one;
  if (!given) {
    one.problem.value =
      "The page cannot read its file by itself any more: give it, or its folder, once more.";
    return null;
  }
  try {
    const files = await given.files().catch(() => {
      throw new Refusal("the file was moved or changed. Give it again.", "moved", 422, null);
    });
    const uploaded = await patiently(() => api.upload(files, signal));
    const source = { files: given.files };
    const opened = uploaded.images.map((info, number) => {
      const known = twinOf(info, one) ?? givenAgain(info, source);
      return known ?? openAs(info, source, placeOf(one) + number / 10_000, one);
    });
    for (const { name, problem } of uploaded.problems.slice(0, 3)) tell(toldOf(name, problem));
    if (uploaded.problems.length > 3)
      tell(
        `${many(uploaded.problems.length - 3, "more file")} of ${one.name} could not be opened.`,
      );
    if (waiting.value.includes(one)) addPictures(opened);
    drop(one);
    one.problem.value = null;
    return opened[0] ?? null;
  } catch (error) {
    const isOfFile = error instanceof Refusal && error.retryAfter === null && error.status !== 401;
    if (!isOfFile) throw error;
    one.problem.value = toldOf(one.name, error.message);
    return null;
  }
}

/** The very same file was given again: one goes to the picture that is open. */
function twinOf(info: ImageInfo, { path, name }: Waiting): Opened | null {
  const twin = pictures.value.find(
    (other) =>
      other.path === (name === info.name ? path : pathWithin(info)) &&
      other.source !== null &&
      !other.isLost.value &&
      isSame(other.info.value, info),
  );
  if (!twin) return null;
  tell(`${info.name} is open already: this is it.`, "done");
  const { id } = twin.info.value;
  if (id === "-") twin.info.value = { ...info, name: twin.info.value.name };
  else if (id !== info.id) void api.forget(info.id).catch(() => {});
  return twin;
}

const pathWithin = ({ folder, name }: ImageInfo) => (folder ? `${folder}/${name}` : name);

/** The picture that is there already, and had lost its file or waited for it. */
function givenAgain(info: ImageInfo, source: Source): Opened | null {
  const known = pictures.value.find(
    (other) =>
      isSaidToBe(other, info) ||
      ((other.isLost.value || !other.source) && isSame(other.info.value, info)) ||
      (other.original !== "" && other.original === info.input_hash),
  );
  if (!known) return null;
  known.source = source;
  known.original = "";
  known.isLost.value = false;
  known.info.value = { ...info, name: known.info.value.name };
  return known;
}

function openAs(info: ImageInfo, source: Source, place: number, one: Waiting): Opened {
  const opened = new Opened(info, source);
  // Of several files, the server knows the inner folders; of one, the page knows where it lay.
  if (one.name === info.name) opened.path = one.path;
  setPlace(opened, place);
  return opened;
}

/** A session without names and hashes cannot know its picture: the person must. */
const isSaidToBe = (lost: Opened, { name, width, height, slices }: ImageInfo): boolean => {
  const wanted = lost.info.value;
  const isAsLarge = wanted.width === width && wanted.height === height && wanted.slices === slices;
  if (!lost.isLost.value || !lost.isOfSession || wanted.input_hash || !isAsLarge) return false;
  return confirm(
    `The session tells nothing of its picture but its size, which fits ${name}. Was it made on this very file?`,
  );
};

function addPictures(opened: readonly Opened[]): void {
  pictures.value = [...pictures.value, ...opened.filter((one) => !pictures.value.includes(one))];
}

/** What an example gave. */
export function takeExample({ images }: Uploaded, example: string): Opened | null {
  const source = { example };
  const opened = images.map((info) => {
    const isLost = pictures.value.some(
      (other) => other.isLost.value && isSame(other.info.value, info),
    );
    const known = isLost ? givenAgain(info, source) : null;
    if (known) return known;
    const made = new Opened(info, source);
    placeOf(made);
    return made;
  });
  addPictures(opened);
  return opened[0] ?? null;
}

/** Bring a picture before the person's eyes. */
export function look(opened: Opened): void {
  const isNew = currentKey.value !== opened.key;
  currentKey.value = opened.key;
  if (!isNew) return;
  scrollTo(0, 0);
  for (const warning of opened.info.value.warnings ?? []) tell(warning);
  say(`${opened.info.value.name} is open. Type a sentence.`);
}

export const toldOf = (name: string, problem: string) =>
  problem.includes(name) ? problem : `${name}: ${problem}`;
