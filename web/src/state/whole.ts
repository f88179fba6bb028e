/** All pictures taken away at once: each is saved by the server, and put together here. */

import { signal } from "@preact/signals";
import { type Member, pack, readZip, unpackText, writeZip } from "../given/zip";
import { Refusal } from "../server/api";
import { stopSlices } from "./all_slices";
import { byReason, many, type Reason } from "./many";
import { say, tell } from "./notices";
import type { Opened } from "./opened";
import { trying } from "./patience";
import { GIVE_AGAIN, isOfPicture, save, sessionOf, written } from "./saving";
import { type Listed, packList } from "./session_zip";
import { chosenSide } from "./store";
import { answerAll, hindrance, isCorrectedUnseen, isWorkedOn, noteTaken, takingOf } from "./taking";
import { type Item, isOpened, labelOf, Waiting, worklist } from "./worklist";

export type Whole = "dataset" | "zip";

/** How far it is; null while nothing is put together. */
export const progress = signal<string | null>(null);
let isStopped = false;

export function stopTaking(): void {
  isStopped = true;
  stopSlices();
}

/** What is put together: of each picture, what is to be done once the file is saved. */
interface Together {
  name: string;
  take: (opened: Opened) => Promise<(() => void) | null>;
  members: () => Promise<Member[]>;
  /** What is in it beside pictures that were looked at. */
  beside: string;
  /** What a person must know beside. */
  notes: () => string[];
}

/** Save all pictures: those that have something drawn as one data set, or all as one session. */
export async function takeAll(
  format: Whole,
  isDoneOnly: boolean,
  isDeidentified: boolean,
): Promise<void> {
  isStopped = false;
  const isWanted = (one: Item) => !isDoneOnly || (isOpened(one) && one.isDone.value);
  const items = worklist.value.filter(isWanted);
  const wanted = items.filter(isOpened);
  const whole: Together =
    format === "dataset" ? new DataSet(isDeidentified) : new Sessions(items, isDeidentified);
  const leftOut: Reason[] = [];
  const taken: (() => void)[] = [];
  const hasWork = wanted.some((one) => isWorkedOn(one) || one.isDone.value);
  await trying(async () => {
    for (const [at, opened] of hasWork ? wanted.entries() : []) {
      if (isStopped) return;
      progress.value = `Saving ${at + 1} of ${wanted.length} …`;
      try {
        const isTaken = await whole.take(opened);
        if (isTaken) taken.push(isTaken);
      } catch (error) {
        if (!isOfPicture(error)) throw error;
        leftOut.push({ name: labelOf(opened), why: error.message });
      }
    }
    if (!isStopped) await finish(whole, taken, leftOut);
  }, "The file was not saved");
  progress.value = null;
}

async function finish(
  whole: Together,
  taken: readonly (() => void)[],
  leftOut: readonly Reason[],
): Promise<void> {
  for (const one of byReason(leftOut)) tell(`Left out: ${one}`);
  if (!taken.length) {
    if (!leftOut.length) tell("Nothing is drawn on any of them: there is nothing to save.");
    return;
  }
  save(whole.name, await writeZip(await whole.members()));
  for (const one of taken) one();
  for (const one of whole.notes()) tell(one);
  const told = `Saved ${whole.name} with ${many(taken.length, "picture")}${whole.beside}.`;
  tell(`${told} Research use only; not a medical device.`, "done");
  say(told);
}

const HIDDEN = "a correction of what is visible is hidden. Show it, or remove it.";
const TWINS =
  "it is the same picture as another one, with another mask for the same sentence. A data set must not hold both.";

const leaveOut = (why: string) => new Refusal(why, "left-out", 422, null);

/** One data set of many: files are added, the rows of the tables put below each other. */
export class DataSet implements Together {
  readonly name = "dataset.zip";
  readonly beside = "";
  private readonly files = new Map<string, Member>();
  private readonly tables = new Map<string, string[]>();

  constructor(private readonly isDeidentified = false) {}

  async take(opened: Opened): Promise<(() => void) | null> {
    if (!isWorkedOn(opened)) return null;
    if (opened.isLost.value) throw leaveOut(GIVE_AGAIN);
    await answerAll(opened, "dataset");
    const failed = opened.layers.value.find((one) => one.isVisible && one.problem);
    if (
      failed?.problem &&
      !opened.layers.value.some((one) => one.isVisible && one.corrects === failed.id)
    )
      throw leaveOut(failed.problem);
    const taking = takingOf(opened, "dataset");
    const isEmpty = !taking.layers.length && !taking.nameless.length && !taking.undecided.length;
    const problem = isEmpty ? null : hindrance(taking);
    if (problem) throw leaveOut(problem);
    if (isCorrectedUnseen(opened)) throw leaveOut(HIDDEN);
    const isTaken = noteTaken(opened, "dataset");
    const made = await written(opened, "dataset", this.isDeidentified, chosenSide.value);
    if (!made) return null;
    await this.add(made.blob);
    return isTaken;
  }

  notes(): string[] {
    return [];
  }

  /** Put a picture's own set into it. Refused where that would contradict another picture's. */
  async add(blob: Blob): Promise<void> {
    const members = await readZip(blob);
    const clash = members.find((one) => {
      const known = this.files.get(one.name);
      return one.name.includes("/masks/") && known && known.crc !== one.crc;
    });
    if (clash) throw leaveOut(TWINS);
    for (const one of members) {
      if (one.name.endsWith(".csv")) await this.addRows(one);
      else if (!this.files.has(one.name)) this.files.set(one.name, one);
    }
  }

  private async addRows(table: Member): Promise<void> {
    const lines = (await unpackText(table)).split(/\r?\n/).filter(Boolean);
    const known = this.tables.get(table.name) ?? [];
    this.tables.set(table.name, [...known, ...lines.filter((one) => !known.includes(one))]);
  }

  async members(): Promise<Member[]> {
    const tables = [...this.tables].map(([name, lines]) => pack(name, `${lines.join("\n")}\n`));
    return [...this.files.values(), ...(await Promise.all(tables))];
  }
}

/** Sessions side by side, a folder each, and the list of all. */
export class Sessions implements Together {
  readonly name = "session.zip";
  private readonly all: Member[] = [];
  private readonly folders = new Map<Opened, string>();
  private readonly without: Reason[] = [];

  constructor(
    private readonly items: readonly Item[],
    private readonly isDeidentified: boolean,
  ) {}

  async take(opened: Opened): Promise<() => void> {
    const number = String(this.folders.size + 1).padStart(4, "0");
    const name = opened.path.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(-60);
    const folder = this.isDeidentified ? number : `${number}-${name}`;
    const { members, without, isTaken } = await sessionOf(opened, this.isDeidentified);
    this.folders.set(opened, folder);
    for (const one of members) this.all.push({ ...one, name: `${folder}/${one.name}` });
    if (without) this.without.push({ name: labelOf(opened), why: without });
    return isTaken;
  }

  /** Those that are not open: not looked at yet, refused, or to be given again. */
  private get closed(): Waiting[] {
    return this.items.filter((one) => one instanceof Waiting);
  }

  get beside(): string {
    const { length } = this.closed;
    if (!length) return "";
    const are = length === 1 ? "is" : "are";
    return this.isDeidentified
      ? `; ${length} that ${are} not open ${are} left out, with ${length === 1 ? "its name" : "their names"}`
      : ` and the ${length === 1 ? "name" : "names"} of ${length} that ${are} not open`;
  }

  async members(): Promise<Member[]> {
    const list = this.items.flatMap((one): Listed[] => {
      if (!isOpened(one)) return this.isDeidentified ? [] : [{ path: one.path, name: one.name }];
      const folder = this.folders.get(one);
      return folder ? [{ folder }] : [];
    });
    return [...this.all, await packList(list)];
  }

  notes(): string[] {
    const without = byReason(this.without).join(" ");
    const refused = this.isDeidentified ? [] : this.closed.flatMap(refusalOf);
    const named = byReason(refused).join(" ");
    return [
      ...(without
        ? [
            `In the session as they are, but not all their masks are files for other programs: ${without}`,
          ]
        : []),
      ...(named ? [`Only their names are in the session. ${named}`] : []),
    ];
  }
}

/** Why a picture is not open, though its file was given. */
function refusalOf(one: Waiting): Reason[] {
  const why = one.problem.value;
  const start = `${one.name}: `;
  if (!why || !one.given) return [];
  return [{ name: labelOf(one), why: why.startsWith(start) ? why.slice(start.length) : why }];
}
