/** All pictures taken away at once: each is saved by the server, and put together here. */

import { signal } from "@preact/signals";
import { type Member, pack, readZip, unpack, writeZip } from "../given/zip";
import * as api from "../server/api";
import { askLayer } from "./asking";
import { answerOf } from "./meaning";
import { say, tell } from "./notices";
import type { Opened } from "./opened";
import { askOf, trying } from "./patience";
import { sessionMembers } from "./session_zip";
import { chosenSide } from "./store";
import { exportLayers, hindrance, noteTaken, save, takingOf } from "./taking";
import { isOpened, labelOf, worklist } from "./worklist";

export type Whole = "dataset" | "zip";

/** How far it is; null while nothing is put together. */
export const progress = signal<string | null>(null);
let isStopped = false;

export function stopTaking(): void {
  isStopped = true;
}

/** Save all pictures that have something drawn, as one data set or one session. */
export async function takeAll(
  format: Whole,
  isDoneOnly: boolean,
  isDeidentified: boolean,
): Promise<void> {
  isStopped = false;
  const wanted = worklist.value.filter(isOpened).filter((one) => !isDoneOnly || one.isDone.value);
  const whole = format === "dataset" ? new DataSet() : new Sessions(isDeidentified);
  const leftOut: string[] = [];
  const taken: (() => void)[] = [];
  await trying(async () => {
    for (const [at, opened] of wanted.entries()) {
      if (isStopped) return;
      progress.value = `Saving ${at + 1} of ${wanted.length} …`;
      const problem = await answerAll(opened, format);
      if (problem) leftOut.push(`${labelOf(opened)}: ${problem}`);
      const layers = problem === null ? exportLayers(opened, format) : [];
      if (!layers.length) continue;
      const isTaken = noteTaken(opened, format);
      const slice = opened.isVolume ? opened.slice.value : null;
      const side = format === "dataset" ? chosenSide.value : null;
      const { blob } = await askOf(opened, (id) =>
        api.exportLayers(id, layers, format, slice, isDeidentified, side),
      );
      if (await whole.add(opened, blob)) taken.push(isTaken);
    }
    await finish(whole, `${format === "dataset" ? "dataset" : "session"}.zip`, taken, leftOut);
  }, "The file was not saved");
  progress.value = null;
}

async function finish(
  whole: DataSet | Sessions,
  name: string,
  taken: readonly (() => void)[],
  leftOut: readonly string[],
): Promise<void> {
  for (const one of leftOut.slice(0, 2)) tell(`Left out: ${one}`);
  if (leftOut.length > 2) tell(`${leftOut.length - 2} more pictures were left out.`);
  if (!taken.length) {
    if (!leftOut.length) tell("Nothing is drawn on any of them: there is nothing to save.");
    return;
  }
  save(name, await writeZip(await whole.members()));
  for (const one of taken) one();
  const many = `${taken.length} ${taken.length === 1 ? "picture" : "pictures"}`;
  tell(`Saved ${name} with ${many}. Research use only; not a medical device.`, "done");
  say(`Saved ${name} with ${many}.`);
}

/** After a reload answers are missing: ask. Returns why a picture must be left out, else null. */
async function answerAll(opened: Opened, format: Whole): Promise<string | null> {
  const isAsked = opened.layers.value.some((one) => one.corrects !== null || one.text.trim());
  if (!isAsked) return null;
  if (opened.isLost.value) return "the file has to be given again first.";
  for (const one of opened.layers.value)
    if (one.corrects === null && one.text.trim() && !answerOf(one, opened.slice.value))
      await askLayer(opened, one.id);
  const taking = takingOf(opened, format);
  const failed = opened.layers.value.find((one) => one.isVisible && one.problem)?.problem;
  if (failed) return failed;
  const isEmpty = !taking.layers.length && !taking.nameless.length;
  return isEmpty ? null : hindrance(taking);
}

/** One data set of many: files are added, the rows of the tables put below each other. */
export class DataSet {
  private readonly files = new Map<string, Member>();
  private readonly tables = new Map<string, string[]>();

  /** Put a picture's own set into it. False where that would contradict another picture's. */
  async add(opened: Opened, blob: Blob): Promise<boolean> {
    const members = await readZip(blob);
    const clash = members.find((one) => {
      const known = this.files.get(one.name);
      return one.name.includes("/masks/") && known && known.crc !== one.crc;
    });
    if (clash) {
      tell(
        `Left out: ${labelOf(opened)}. It is the same picture as another one, with another mask for the same sentence: a data set must not hold both.`,
      );
      return false;
    }
    for (const one of members) {
      if (one.name.endsWith(".csv")) await this.addRows(one);
      else if (!this.files.has(one.name)) this.files.set(one.name, one);
    }
    return true;
  }

  private async addRows(table: Member): Promise<void> {
    const text = new TextDecoder().decode(await unpack(table));
    const lines = text.split(/\r?\n/).filter(Boolean);
    const known = this.tables.get(table.name) ?? [];
    this.tables.set(table.name, [...known, ...lines.filter((one) => !known.includes(one))]);
  }

  async members(): Promise<Member[]> {
    const tables = [...this.tables].map(([name, lines]) => pack(name, `${lines.join("\n")}\n`));
    return [...this.files.values(), ...(await Promise.all(tables))];
  }
}

/** Sessions side by side, a folder each. */
class Sessions {
  private readonly all: Member[] = [];
  private many = 0;

  constructor(private readonly isDeidentified: boolean) {}

  async add(opened: Opened, blob: Blob): Promise<boolean> {
    const number = String(++this.many).padStart(4, "0");
    const name = opened.path.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(-60);
    const folder = this.isDeidentified ? number : `${number}-${name}`;
    for (const one of await sessionMembers(opened, blob, this.isDeidentified))
      this.all.push({ ...one, name: `${folder}/${one.name}` });
    return true;
  }

  async members(): Promise<Member[]> {
    return this.all;
  }
}
