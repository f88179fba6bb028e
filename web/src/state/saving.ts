/** What is drawn on a picture is saved as a file. */

import { type Member, pack, readZip, writeZip } from "../given/zip";
import * as api from "../server/api";
import { Refusal } from "../server/api";
import type { ExportFormat, Side } from "../server/contract";
import { isUnsaved } from "./layer";
import { tell } from "./notices";
import type { Opened } from "./opened";
import { askOf, trying } from "./patience";
import { isPlain, PICTURE, withPage } from "./session_zip";
import {
  answerAll,
  exportLayers,
  hindrance,
  isOfOneSlice,
  isWorkedOn,
  noteTaken,
  takingOf,
} from "./taking";

/** Whether something is wrong with this picture, and not with the server or the way to it. */
export const isOfPicture = (error: unknown): error is Refusal =>
  error instanceof Refusal && error.status !== 401;

/** Why nothing more can be asked of a picture whose file is not here. */
export const GIVE_AGAIN = "the file has to be given again first.";

const sliceOf = (opened: Opened) => (opened.isVolume ? opened.slice.value : null);

/** The file that the server makes of what counts; null where nothing does. */
export async function written(
  opened: Opened,
  format: ExportFormat,
  isDeidentified: boolean,
  side: Side | null = null,
): Promise<{ name: string; blob: Blob } | null> {
  const layers = exportLayers(opened, format);
  if (!layers.length) return null;
  return askOf(opened, (id) =>
    api.exportLayers(id, layers, format, sliceOf(opened), isDeidentified, side),
  );
}

/** One picture's session, all that is written and drawn on it. */
export interface PictureSession {
  members: Member[];
  /** Why there are no masks as files in it; null where there are, or nothing is drawn. */
  without: string | null;
  isTaken: () => void;
}

export async function sessionOf(opened: Opened, isDeidentified: boolean): Promise<PictureSession> {
  const members: Member[] = [];
  let without: string | null = null;
  const trySome = async (doing: () => Promise<void>) => {
    try {
      await doing();
    } catch (error) {
      if (!isOfPicture(error)) throw error;
      without ??= error.message;
    }
  };
  const hasWork = isWorkedOn(opened); // else there is nothing to miss
  if (hasWork && opened.isLost.value) without = GIVE_AGAIN;
  else if (hasWork) {
    await trySome(() => answerAll(opened, "zip"));
    await trySome(async () => {
      members.push(...(await forOthers(opened, isDeidentified)));
    });
  }
  const isTaken = noteTaken(opened, "zip");
  return { members: await withPage(opened, members, isDeidentified), without, isTaken };
}

/** Masks and picture as any program reads them. */
async function forOthers(opened: Opened, isDeidentified: boolean): Promise<Member[]> {
  const made = await written(opened, "zip", isDeidentified);
  if (made) return readZip(made.blob);
  if (isDeidentified || !isPlain(opened)) return [];
  const { png } = await askOf(opened, (id) => api.pixels(id, 0));
  return [await pack(PICTURE, png)];
}

export function exportAs(
  opened: Opened,
  format: ExportFormat,
  isDeidentified: boolean,
): Promise<boolean> {
  return trying(async () => {
    const problem = hindrance(takingOf(opened, format));
    if (problem) {
      tell(problem);
      return;
    }
    const { name, blob, isTaken } =
      format === "zip"
        ? await wholeOf(opened, isDeidentified)
        : await oneOf(opened, format, isDeidentified);
    save(name, blob);
    isTaken();
    const slice = (sliceOf(opened) ?? 0) + 1;
    const of = isOfOneSlice(opened, format) ? `, slice ${slice} only` : "";
    const left = opened.layers.value.some(isUnsaved) ? " Other corrections are not saved yet." : "";
    tell(`Saved ${name}${of}. Research use only; not a medical device.${left}`, "done");
  }, "The file was not saved");
}

interface Made {
  name: string;
  blob: Blob;
  isTaken: () => void;
}

async function wholeOf(opened: Opened, isDeidentified: boolean): Promise<Made> {
  const { members, without, isTaken } = await sessionOf(opened, isDeidentified);
  if (without)
    tell(`The session opens here as it is, but not all its masks are files in it: ${without}`);
  return { name: "session.zip", blob: await writeZip(members), isTaken };
}

async function oneOf(opened: Opened, format: ExportFormat, isDeidentified: boolean): Promise<Made> {
  await answerAll(opened, format);
  const isTaken = noteTaken(opened, format);
  const made = await written(opened, format, isDeidentified);
  if (!made) throw new Refusal("Nothing is drawn yet.", "nothing", 422, null);
  return { ...made, isTaken };
}

export function save(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
