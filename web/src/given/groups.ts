/** What a person gave, sorted into pictures before any of it is sent. */

import { isDicom, seriesOf, TooShort } from "./dicom";
import { type Member, NoZip, readZip, unpack } from "./zip";

/** One picture or volume: its files are read when it is shown. */
export interface Given {
  name: string;
  /** With the folders that it lay in. */
  path: string;
  bytes: number;
  files: () => Promise<File[]>;
}

/** One file, wherever it lies. */
interface Piece {
  path: string;
  size: number;
  head: (most: number) => Promise<Uint8Array>;
  file: () => Promise<File>;
}

/** What a session holds of each picture, by which one is known: see state/session_zip.ts. */
export const PAGE = "page.json";

/** An archive that this page made. */
export interface SessionZip {
  name: string;
  members: Member[];
}

export interface Pile {
  given: Given[];
  sessions: SessionZip[];
  /** Names of files that are no pictures, by their own saying. */
  others: string[];
  empty: string[];
}

const paths = new WeakMap<File, string>();

/** Remember in which folder a file that was dropped lay. */
export function keepPath(file: File, path: string): File {
  paths.set(file, path.replace(/^\/+/, ""));
  return file;
}

export const pathOf = (file: File): string =>
  paths.get(file) || file.webkitRelativePath || file.name;

export const nameOf = (path: string): string => path.split("/").at(-1) || path;

export const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/");

const SYSTEM = /^(\..*|Thumbs\.db|desktop\.ini|DICOMDIR)$/i;
const ALONE = /\.(png|jpe?g|tiff?|nii|nii\.gz|bmp|webp)$/i;
const NO_PICTURE =
  /\.(txt|csv|tsv|json|xml|md|html?|pdf|docx?|xlsx?|pptx?|log|ini|ya?ml|py|m|sh|exe|zip|js|css)$/i;
const FIRST_READ = 16 * 1024;
const SECOND_READ = 512 * 1024;
const AT_ONCE = 16;

/** Sort files into pictures. DICOM files of one series are one; archives are looked into. */
export async function sortGiven(files: readonly File[]): Promise<Pile> {
  const pile: Pile = { given: [], sessions: [], others: [], empty: [] };
  const pieces: Piece[] = [];
  for (const file of files) {
    const path = pathOf(file);
    if (SYSTEM.test(file.name) || path.includes("__MACOSX/")) continue;
    if (!file.size) pile.empty.push(file.name);
    else if (files.length > 1 && NO_PICTURE.test(file.name) && !/\.zip$/i.test(file.name))
      pile.others.push(path);
    else if (!(await takeApart(file, path, pieces, pile))) pieces.push(pieceOf(file, path));
  }
  pile.given = await grouped(pieces);
  return pile;
}

const pieceOf = (file: File, path: string): Piece => ({
  path,
  size: file.size,
  head: async (most) => new Uint8Array(await file.slice(0, most).arrayBuffer()),
  file: async () => {
    await file.slice(0, 1).arrayBuffer(); // it may have been moved since
    return file;
  },
});

/** Look into an archive. False: it is none, or the server is to say what is wrong with it. */
async function takeApart(file: File, path: string, pieces: Piece[], pile: Pile): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (start[0] !== 0x50 || start[1] !== 0x4b) return false;
  let members: Member[];
  try {
    members = await readZip(file);
  } catch (error) {
    if (error instanceof NoZip) return false;
    throw error;
  }
  if (members.some((one) => nameOf(one.name) === PAGE)) {
    pile.sessions.push({ name: file.name, members });
    return true;
  }
  const wanted = members.filter(
    (one) =>
      one.size > 0 &&
      !one.name.split("/").some((part) => SYSTEM.test(part) || part === "__MACOSX") &&
      !NO_PICTURE.test(one.name),
  );
  if (!wanted.length || wanted.some((one) => one.isLocked)) return false;
  const folder = folderOf(path);
  for (const one of wanted)
    pieces.push({
      path: folder ? `${folder}/${one.name}` : one.name,
      size: one.size,
      head: (most) => unpack(one, most),
      file: async () => new File([await unpack(one)], nameOf(one.name)),
    });
  return true;
}

async function grouped(pieces: readonly Piece[]): Promise<Given[]> {
  const keys: string[] = [];
  for (
    let at = 0;
    at < pieces.length;
    at += AT_ONCE // else a thousand files are open at once
  )
    keys.push(...(await Promise.all(pieces.slice(at, at + AT_ONCE).map(keyOf))));
  const groups = new Map<string, Piece[]>();
  pieces.forEach((one, at) => {
    const key = keys[at] ?? one.path;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  });
  return [...groups.values()].map(asGiven).sort(byPath);
}

const collator = new Intl.Collator("en", { numeric: true });
const byPath = (one: Given, other: Given) => collator.compare(one.path, other.path);

/** What belongs together has the same key. */
async function keyOf(piece: Piece): Promise<string> {
  if (ALONE.test(piece.path)) return `file ${piece.path}`;
  for (const most of [FIRST_READ, SECOND_READ]) {
    try {
      const head = await piece.head(most);
      if (!isDicom(head)) return `file ${piece.path}`;
      const series = seriesOf(head);
      return series ? `series ${series}` : `file ${piece.path}`;
    } catch (error) {
      if (!(error instanceof TooShort)) return `file ${piece.path}`;
      if (piece.size <= most) break;
    }
  }
  return `file ${piece.path}`;
}

function asGiven(group: readonly Piece[]): Given {
  const path = group[0]?.path ?? "";
  const name = nameOf(path);
  return {
    name: group.length > 1 ? `${name} and ${group.length - 1} more` : name,
    path,
    bytes: group.reduce((sum, one) => sum + one.size, 0),
    files: async () => {
      const files: File[] = [];
      for (const one of group) files.push(keepPath(await one.file(), one.path));
      return files;
    },
  };
}
