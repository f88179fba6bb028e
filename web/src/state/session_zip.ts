/**
 * A saved session, opened again just as it was.
 *
 * Beside what other programs read (session.json, masks/, picture.png) it holds page.json: all that
 * this page knows of a picture, masks as runs. Several pictures are a folder each.
 */

import { folderOf, nameOf, PAGE, type SessionZip } from "../given/groups";
import { type Member, pack, unpack, unpackText } from "../given/zip";
import type { ImageInfo, RunLengths, Side } from "../server/contract";
import { chooseSide } from "./asking";
import { settleAll } from "./meaning";
import { tell } from "./notices";
import type { Opened } from "./opened";
import { restorePicture, type SavedPicture, saveLayer, savePicture } from "./session";
import { chosenSide, pictures } from "./store";
import { isWorkedOn } from "./taking";
import { bind, isOpened, placeOf, setPlace, Waiting, waiting, worklist } from "./worklist";

export const PICTURE = "picture.png";
const LIST = "list.json";
const VERSION = 1;

interface PageFile {
  version: number;
  side: Side | null;
  path: string;
  isDone: boolean;
  /** Whether picture.png is all there was: no header, no slices. */
  isPictureIn: boolean;
  picture: SavedPicture;
}

/** Whether a picture's pixels are all there is of it: no header, no slices, no finer steps. */
export function isPlain(opened: Opened): boolean {
  const { bits, scale, is_dicom: isDicom } = opened.info.value;
  const isAsStored = bits !== 16 || !scale || (scale.low === 0 && scale.step === 1);
  return isAsStored && !isDicom && !opened.isVolume;
}

/** One picture's session: what is for other programs, and behind it what this page knows. */
export async function withPage(
  opened: Opened,
  members: readonly Member[],
  isDeidentified: boolean,
): Promise<Member[]> {
  const saved = savePicture(opened);
  const hidden = isDeidentified ? { name: "picture", folder: "", input_hash: "" } : {};
  const page: PageFile = {
    version: VERSION,
    side: chosenSide.value,
    path: isDeidentified ? "" : opened.path,
    isDone: opened.isDone.value,
    isPictureIn: members.some((one) => one.name === PICTURE) && isPlain(opened),
    picture: {
      ...saved,
      ...(isDeidentified && { path: "", original: "" }),
      info: { ...saved.info, id: "", ...hidden },
    },
  };
  return [...members, await pack(PAGE, JSON.stringify(page))];
}

/** A picture of a session's list: one with a folder in the session, or one not looked at yet. */
export type Listed = { folder: string } | { path: string; name: string };

/** The order of many pictures, with those that were given and not looked at. */
export const packList = (pictures: readonly Listed[]): Promise<Member> =>
  pack(LIST, JSON.stringify({ version: VERSION, pictures }));

/** Open what a session holds; return its pictures. */
export async function openSession({ name, members }: SessionZip): Promise<Opened[]> {
  const pages = members.filter((one) => nameOf(one.name) === PAGE && !one.isLocked);
  if (!pages.length)
    tell(`${name} is locked with a password. Unpack it first, then give the folder.`);
  const opened: Opened[] = [];
  for (const one of await listed(members, pages)) {
    try {
      if (!("folder" in one)) {
        remember(one);
        continue;
      }
      const page = pages.find(({ name: path }) => folderOf(path) === one.folder);
      if (!page) continue;
      const made = await openPage(page, members);
      placeOf(made);
      if (!opened.includes(made)) opened.push(made);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      const where = "folder" in one && one.folder ? `${one.folder}/${PAGE}` : PAGE;
      tell(`${name}: the session in ${where} is damaged or of another version of lingseg.`);
    }
  }
  const added = opened.filter((one) => !pictures.value.includes(one));
  pictures.value = [...pictures.value, ...added];
  return opened;
}

/** What a session lists, in its order; of one without a list, its folders. */
async function listed(members: readonly Member[], pages: readonly Member[]): Promise<Listed[]> {
  const all = pages.map((one): Listed => ({ folder: folderOf(one.name) }));
  const list = members.find((one) => nameOf(one.name) === LIST && !one.isLocked);
  if (!list) return all;
  try {
    const read = JSON.parse(await unpackText(list)) as { pictures: Listed[] };
    const outer = folderOf(list.name);
    const known = read.pictures.map((one) =>
      "folder" in one && outer ? { folder: `${outer}/${one.folder}` } : one,
    );
    const isKnown = (one: Listed) =>
      known.some((other) => "folder" in other && "folder" in one && other.folder === one.folder);
    return [...known, ...all.filter((one) => !isKnown(one))];
  } catch {
    return all; // without its order, and nothing of what was done is lost
  }
}

/** A picture that nobody has looked at yet: its file must be given once more. */
function remember({ path, name }: { path: string; name: string }): void {
  if (worklist.value.some((one) => one.path === path)) return;
  waiting.value = [...waiting.value, new Waiting(String(path), String(name), null)];
}

async function openPage(page: Member, members: readonly Member[]): Promise<Opened> {
  const read = checked(JSON.parse(await unpackText(page)) as PageFile);
  const files = filesWithin(read, page, members);
  const open = worklist.value.filter(isOpened);
  const ofFile = open.filter((one) => isOfFile(one, read.picture.info));
  const lost = ofFile.find((one) => one.isLost.value && isWorkedOn(one));
  if (lost) {
    // After a reload the work in this tab is newer than the file; only the picture was missing.
    if (files) completed(lost, { files });
    return lost;
  }
  const opened = restored(read, files);
  if (read.side) settleAll(opened, read.side); // it may not be the side of this page
  const same = ofFile.find((one) => !isWorkedOn(opened) || isSameWork(one, opened));
  if (same?.source) {
    same.isDone.value ||= opened.isDone.value;
    return same;
  }
  putBeside(opened, ofFile);
  if (read.side) chooseSide(read.side, "session");
  return opened;
}

/** Give a session's picture its file and its place, among those that are open of the very file. */
function putBeside(opened: Opened, ofFile: readonly Opened[]): void {
  const unworked = ofFile.find((one) => !isWorkedOn(one));
  if (unworked) takePlaceOf(unworked, opened);
  else opened.source ??= ofFile.find((one) => one.source)?.source ?? null;
  const [worked] = ofFile;
  if (worked && !unworked)
    tell(
      `${worked.info.value.name} is open with other work on it than the session has: both are there now, the session’s behind it.`,
    );
  opened.isLost.value = !opened.source;
  const file = waiting.value.find((one) => one.path === opened.path && !one.standsFor.value);
  if (file && !unworked) bind(opened, file);
}

/** The picture itself, where the session holds it. */
function filesWithin(
  { isPictureIn, picture: { info } }: PageFile,
  page: Member,
  members: readonly Member[],
) {
  const folder = folderOf(page.name);
  const picture = members.find((one) => one.name === (folder ? `${folder}/${PICTURE}` : PICTURE));
  if (!isPictureIn || !picture) return null;
  return async () => [new File([await unpack(picture)], info.name || PICTURE)];
}

function checked(read: PageFile): PageFile {
  if (read.version !== VERSION) throw new RangeError("The session is of another version.");
  const { info, layers } = read.picture;
  const isFitting = ({ size: [height, width] }: RunLengths) =>
    height === info.height && width === info.width;
  if (!layers.every((one) => one.corrections.every(([, mask]) => isFitting(mask))))
    throw new RangeError("A mask has another size than its picture.");
  return read;
}

function restored(read: PageFile, files: (() => Promise<File[]>) | null): Opened {
  const { info } = read.picture;
  const layers = read.picture.layers.map((one) => ({
    ...one,
    saved: one.corrections.map(([slice]) => slice), // the file that was opened holds them
  }));
  // A picture within the session is told by nothing but its place there.
  const known = { ...info, id: "-", input_hash: files ? "" : (info.input_hash ?? "") };
  const opened = restorePicture({ ...read.picture, layers, info: known });
  opened.path = read.path || info.name;
  opened.isDone.value = read.isDone;
  opened.isOfSession = true;
  opened.original = files ? (info.input_hash ?? "") : "";
  if (files) opened.source = { files };
  return opened;
}

/** Whether a picture is of the very file that a session was made on. */
const isOfFile = ({ original, info }: Opened, wanted: ImageInfo) =>
  !!wanted.input_hash && [original, info.value.input_hash].includes(wanted.input_hash);

/** Whether the same is written and drawn on two. */
const isSameWork = (one: Opened, other: Opened) => workOf(one) === workOf(other);

const workOf = (opened: Opened): string =>
  JSON.stringify(
    opened.layers.value
      .map(saveLayer)
      .map(({ id, text, corrects, drawnFor, threshold, corrections }) => [
        ...[id, text, corrects, drawnFor && [drawnFor.text, drawnFor.side], threshold],
        [...corrections].sort(([one], [another]) => one - another),
      ]),
  );

function completed(opened: Opened, source: Opened["source"]): void {
  opened.source = source;
  opened.info.value = { ...opened.info.value, id: "-", input_hash: "" };
  opened.isLost.value = false;
}

/** The same picture was opened before, and nothing was done on it. */
function takePlaceOf(blank: Opened, opened: Opened): void {
  if (blank.source) {
    opened.source = blank.source;
    opened.original = "";
    opened.info.value = blank.info.value;
  }
  opened.isDone.value ||= blank.isDone.value;
  opened.path = blank.path;
  setPlace(opened, placeOf(blank));
  pictures.value = pictures.value.filter((one) => one !== blank);
}
