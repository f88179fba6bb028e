/** Ask the server, and stay calm when it is busy, gone, or has forgotten the picture. */

import * as api from "../server/api";
import { Refusal, Unreachable } from "../server/api";
import type { ImageInfo } from "../server/contract";
import { tell } from "./notices";
import type { Opened } from "./opened";
import { isOffline, needsKey } from "./store";

const MOST_TRIES = 5;
const LONGEST_WAIT = 10;

export const pause = (seconds: number) =>
  new Promise<void>((done) => setTimeout(done, seconds * 1000));

/** Ask with the picture's id; give the picture again where the server does not know it. */
export async function askOf<T>(opened: Opened, ask: (id: string) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const { id } = opened.info.value;
    try {
      const answer = await ask(id);
      isOffline.value = false;
      return answer;
    } catch (error) {
      if (!(error instanceof Refusal) || tries >= MOST_TRIES) throw error;
      if (error.code === "unknown-image") await giveAgain(opened, id);
      else if (error.retryAfter !== null) await pause(Math.min(error.retryAfter, LONGEST_WAIT));
      else throw error;
    }
  }
}

const underWay = new WeakMap<Opened, Promise<void>>();

/** The server was started again, or let go of the picture: give it once more, unasked. */
async function giveAgain(opened: Opened, unknown: string): Promise<void> {
  if (opened.info.value.id !== unknown) return; // another request already did
  let giving = underWay.get(opened);
  if (!giving) {
    giving = upload(opened).finally(() => underWay.delete(opened));
    underWay.set(opened, giving);
  }
  await giving;
}

async function upload(opened: Opened): Promise<void> {
  const { source } = opened;
  if (!source) {
    opened.isLost.value = true;
    throw new Refusal(lostWords(opened), "lost", 404, null);
  }
  const before = opened.info.value;
  const files = "files" in source ? await filesAgain(opened, source.files) : [];
  const { images } =
    "example" in source ? await api.openExample(source.example) : await api.upload(files);
  // The person gave its file meanwhile: that holds, and not what was kept of it.
  if (opened.info.value !== before) return;
  const info = images.find((one) =>
    // Of a picture within a session, its place there told what it is.
    before.input_hash
      ? isSame(one, before)
      : one.width === before.width && one.height === before.height,
  );
  if (!info && opened.seeming) {
    const { otherwise, isOther } = opened.seeming;
    opened.seeming = null;
    opened.source = otherwise;
    opened.info.value = {
      ...before,
      input_hash: opened.isOfSession ? "" : (before.input_hash ?? ""),
    };
    isOther();
    return upload(opened);
  }
  if (!info) throw lose(opened, `${opened.info.value.name} is another picture than before.`);
  opened.seeming = null;
  opened.info.value = named(info, opened);
}

/** A picture keeps the name under which it was opened. */
const named = (info: ImageInfo, { info: before }: Opened): ImageInfo => ({
  ...info,
  name: before.value.name,
});

async function filesAgain(opened: Opened, files: () => Promise<File[]>): Promise<File[]> {
  try {
    return await files();
  } catch {
    throw lose(opened, `${opened.info.value.name} was moved or changed on the disk.`);
  }
}

/** What was kept to give it again is no longer it. */
function lose(opened: Opened, why: string): Refusal {
  opened.source = null;
  opened.isLost.value = true;
  return new Refusal(`${why} Give the file again: your work is kept.`, "lost", 404, null);
}

export const lostWords = (opened: Opened) =>
  opened.isOfSession
    ? `${opened.info.value.name} comes from a saved session, and its picture is not here. Give the picture’s own file, or the session once more where it holds the picture: your sentences and corrections are kept.`
    : `The server no longer holds ${opened.info.value.name}, and after a reload this page does not either. Drop the file again: your sentences and corrections are kept.`;

/** A picture is known by what its file holds: many files are called 1.png. */
export const isSame = (one: ImageInfo, other: ImageInfo) =>
  !!one.input_hash &&
  one.input_hash === other.input_hash &&
  one.width === other.width &&
  one.height === other.height &&
  one.slices === other.slices;

const whenBack: (() => void)[] = [];
let isWatching = false;

/** Do something once the server answers again. */
export function onceBack(doing: () => void): void {
  whenBack.push(doing);
  isOffline.value = true;
  if (isWatching) return;
  isWatching = true;
  void (async () => {
    while (!(await api.isAlive())) await pause(1.5);
    isWatching = false;
    isOffline.value = false;
    for (const one of whenBack.splice(0)) one();
  })();
}

/** Put into words what went wrong; null where nothing is to be said. */
export function reasonOf(error: unknown): string | null {
  if (error instanceof DOMException && error.name === "AbortError") return null;
  if (error instanceof Refusal && error.status === 401) {
    needsKey.value = true;
    return null;
  }
  if (error instanceof Unreachable) {
    onceBack(() => {});
    return null;
  }
  if (error instanceof Refusal) return error.message;
  throw error;
}

/**
 * Do something, and tell what went wrong. True where it was done.
 *
 * `undone` begins what is told where the connection broke; null: it is done again by itself.
 */
export async function trying(
  doing: () => Promise<void>,
  undone: string | null = "That was not done",
): Promise<boolean> {
  try {
    await doing();
    return true;
  } catch (error) {
    const reason = reasonOf(error) ?? cutWords(error, undone);
    if (reason) tell(reason);
    return false;
  }
}

const cutWords = (error: unknown, undone: string | null) =>
  error instanceof Unreachable && undone
    ? `${undone}: the connection to lingseg broke. Nothing of yours is lost; press it again.`
    : null;
