/**
 * A saved session, opened again just as it was.
 *
 * Beside what other programs read (session.json, masks/, picture.png) it holds page.json: all that
 * this page knows of a picture, masks as runs. Several pictures are a folder each.
 */

import { folderOf, nameOf, type SessionZip } from "../given/groups";
import { type Member, pack, readZip, unpack, writeZip } from "../given/zip";
import type { ImageInfo, RunLengths, Side } from "../server/contract";
import { tell } from "./notices";
import type { Opened } from "./opened";
import { restorePicture, type SavedPicture, savePicture } from "./session";
import { pictures, side } from "./store";
import { bind, isOpened, placeOf, setPlace, waiting, worklist } from "./worklist";

const PAGE = "page.json";
const PICTURE = "picture.png";
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

/** The members of one picture's session: those that the server wrote, and the page's own. */
export async function sessionMembers(
  opened: Opened,
  blob: Blob,
  isDeidentified: boolean,
): Promise<Member[]> {
  const members = await readZip(blob);
  const { bits, scale, is_dicom: isDicom } = opened.info.value;
  const isPlain = bits !== 16 || !scale || (scale.low === 0 && scale.step === 1);
  const saved = savePicture(opened);
  const hidden = isDeidentified ? { name: "picture", folder: "", input_hash: "" } : {};
  const page: PageFile = {
    version: VERSION,
    side: side.value,
    path: isDeidentified ? "" : opened.path,
    isDone: opened.isDone.value,
    isPictureIn: members.some((one) => one.name === PICTURE) && !isDicom && isPlain,
    picture: {
      ...saved,
      ...(isDeidentified && { path: "", original: "" }),
      info: { ...saved.info, id: "", ...hidden },
    },
  };
  return [...members, await pack(PAGE, JSON.stringify(page))];
}

/** One picture's session as a file. */
export const sessionOf = async (opened: Opened, blob: Blob, isDeidentified: boolean) =>
  writeZip(await sessionMembers(opened, blob, isDeidentified));

/** Open what a session holds; return its pictures. */
export async function openSession({ name, members }: SessionZip): Promise<Opened[]> {
  const pages = members.filter((one) => nameOf(one.name) === PAGE && !one.isLocked);
  if (!pages.length)
    tell(`${name} is locked with a password. Unpack it first, then give the folder.`);
  const opened: Opened[] = [];
  for (const one of pages) {
    try {
      opened.push(await openPage(one, members));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      tell(`${name}: the session in ${one.name} is damaged or of another version of lingseg.`);
    }
  }
  const added = opened.filter((one) => !pictures.value.includes(one));
  for (const one of added) placeOf(one);
  pictures.value = [...pictures.value, ...added];
  return opened;
}

async function openPage(page: Member, members: readonly Member[]): Promise<Opened> {
  const read = checked(JSON.parse(new TextDecoder().decode(await unpack(page))) as PageFile);
  const { info } = read.picture;
  const folder = folderOf(page.name);
  const picture = members.find((one) => one.name === (folder ? `${folder}/${PICTURE}` : PICTURE));
  const files =
    read.isPictureIn && picture
      ? async () => [new File([await unpack(picture)], info.name || PICTURE)]
      : null;
  const open = worklist.value.filter(isOpened);
  const lost = open.find((one) => one.isLost.value && isOfFile(one, info));
  if (lost) {
    // After a reload the work in this tab is newer than the file; only the picture was missing.
    if (files) completed(lost, { files });
    return lost;
  }
  const opened = restored(read, files);
  const unworked = open.find((one) => isOfFile(one, info) && isBlank(one));
  if (unworked) takePlaceOf(unworked, opened);
  else opened.source ??= open.find((one) => one.source && isOfFile(one, info))?.source ?? null;
  opened.isLost.value = !opened.source;
  const file = waiting.value.find((one) => one.path === opened.path && !one.standsFor.value);
  if (file && !unworked) bind(opened, file);
  takeSide(read.side, open.length > 0);
  return opened;
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

/** Nothing was written or drawn. */
const isBlank = (opened: Opened) =>
  opened.layers.value.every((one) => one.corrects === null && !one.text.trim());

function completed(opened: Opened, source: Opened["source"]): void {
  opened.source = source;
  opened.info.value = { ...opened.info.value, id: "-", input_hash: "" };
  opened.isLost.value = false;
}

/** The same picture was opened before, and nothing was done on it. */
function takePlaceOf(blank: Opened, opened: Opened): void {
  opened.source = blank.source;
  opened.original = "";
  opened.info.value = blank.info.value;
  opened.path = blank.path;
  setPlace(opened, placeOf(blank));
  pictures.value = pictures.value.filter((one) => one !== blank);
}

/** The session's sentences were written by this side. */
function takeSide(saved: Side | null, isAmongOthers: boolean): void {
  if (!saved || saved === side.value) return;
  if (isAmongOthers && side.value)
    tell(
      `The session's sentences mean the ${saved === "image" ? "picture's" : "patient's"} left: this holds for all pictures now.`,
    );
  side.value = saved;
}
