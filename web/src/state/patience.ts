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
  const { images } =
    "example" in source ? await api.openExample(source.example) : await api.upload(source.files);
  const info = images.find((one) => isSame(one, opened.info.value)) ?? images[0];
  if (!info) throw new Refusal("The picture could not be given again.", "unreadable", 422, null);
  opened.info.value = info;
}

export const lostWords = (opened: Opened) =>
  `The server no longer holds ${opened.info.value.name}, and after a reload this page does not either. Drop the file again: your sentences and corrections are kept.`;

export const isSame = (one: ImageInfo, other: ImageInfo) =>
  one.name === other.name &&
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

/** Do something, and tell what went wrong. True where it was done. */
export async function trying(doing: () => Promise<void>): Promise<boolean> {
  try {
    await doing();
    return true;
  } catch (error) {
    const reason = reasonOf(error);
    if (reason) tell(reason);
    return false;
  }
}
