/** From files, a paste or an example to open pictures. */

import * as api from "../server/api";
import { Refusal } from "../server/api";
import type { Uploaded } from "../server/contract";
import { say, tell } from "./notices";
import { Opened, type Source } from "./opened";
import { isSame, pause, reasonOf, trying } from "./patience";
import { currentKey, model, pictures, uploading } from "./store";

let giving: AbortController | null = null;

export function stopUpload(): void {
  giving?.abort();
}

export async function openFiles(given: readonly File[]): Promise<void> {
  // Folders hold files of the system's own that are no pictures.
  const files = given.filter(
    (one) => !/^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*)$/i.test(one.name),
  );
  const empty = files.filter((one) => one.size === 0);
  for (const one of empty)
    tell(`${one.name} is empty (0 bytes). It may not have been copied whole: give it again.`);
  const full = files.filter((one) => one.size > 0);
  if (!full.length) {
    if (!empty.length)
      tell("There is no file in what you gave. Give a picture, a folder or a zip.");
    return;
  }
  const most = model.value?.limits?.bytes ?? Number.POSITIVE_INFINITY;
  const size = full.reduce((sum, one) => sum + one.size, 0);
  if (size > most) {
    tell(
      `${full.length > 1 ? "These files have" : `${full[0]?.name} has`} ${megabytes(size)}; at most ${megabytes(most)} are taken at once. Give a smaller file, or fewer.`,
    );
    return;
  }
  const what = full.length > 1 ? `${full.length} files` : (full[0]?.name ?? "");
  giving = new AbortController();
  const { signal } = giving;
  uploading.value = `Opening ${what} …`;
  await trying(async () => {
    const uploaded = await patiently(() => api.upload(full, signal));
    take(uploaded, { files: [...full] });
  });
  uploading.value = null;
}

export async function openExample(name: string, sentence?: string): Promise<void> {
  uploading.value = "Opening the example …";
  await trying(async () => {
    const uploaded = await patiently(() => api.openExample(name));
    const [opened] = take(uploaded, { example: name });
    const layer = opened?.active.value;
    // It is asked as soon as the picture's pixels are there.
    if (opened && layer && sentence && !layer.text) opened.change(layer.id, { text: sentence });
  });
  uploading.value = null;
}

/** A busy server says when to come back. */
async function patiently(ask: () => Promise<Uploaded>): Promise<Uploaded> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const wait = error instanceof Refusal ? error.retryAfter : null;
      if (wait === null || tries >= 4) throw error;
      uploading.value = "The server is busy; waiting for a turn …";
      await pause(Math.min(wait, 10));
    }
  }
}

function take({ images, problems }: Uploaded, source: Source): Opened[] {
  for (const { name, problem } of problems.slice(0, 3)) tell(told(name, problem));
  if (problems.length > 3) tell(`${problems.length - 3} more files could not be opened.`);
  const opened = images.map((info) => {
    const lost = pictures.value.find((one) => one.isLost.value && isSame(one.info.value, info));
    if (!lost) return new Opened(info, source);
    lost.source = source;
    lost.isLost.value = false;
    lost.info.value = info;
    return lost;
  });
  const added = opened.filter((one) => !pictures.value.includes(one));
  pictures.value = [...pictures.value, ...added];
  const [first] = opened;
  if (first) {
    currentKey.value = first.key;
    scrollTo(0, 0);
    for (const warning of first.info.value.warnings ?? []) tell(warning);
    say(`${first.info.value.name} is open. Type a sentence.`);
  }
  return opened;
}

const told = (name: string, problem: string) =>
  problem.includes(name) ? problem : `${name}: ${problem}`;

const megabytes = (bytes: number) => `${Math.max(1, Math.round(bytes / 2 ** 20))} MB`;

export function closePicture(opened: Opened): void {
  const { id } = opened.info.value;
  pictures.value = pictures.value.filter((one) => one !== opened);
  if (currentKey.value === opened.key) currentKey.value = pictures.value.at(-1)?.key ?? null;
  const isShared = pictures.value.some((one) => one.info.value.id === id);
  // What another tab still shows it gives again by itself.
  if (!isShared) void api.forget(id).catch(reasonOf);
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
  if (entry.isFile)
    return [
      await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail)),
    ];
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
