/** Zip archives, read and written here: a member is unpacked when it is wanted, not before. */

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_LENGTH = 22;
const LONGEST_COMMENT = 65_535;
const STORED = 0;
const DEFLATED = 8;
const UTF8 = 0x800;
const LOCKED = 1;
/** 1 January 1980, midnight: the same archive for the same work. */
const DATE = 33;

/** One file in an archive, packed as it lies there. */
export interface Member {
  name: string;
  /** Bytes when unpacked, as the archive says. */
  size: number;
  crc: number;
  method: number;
  /** A password is needed. */
  isLocked: boolean;
  packed: () => Promise<Blob>;
}

/** It is none, or one that this page cannot take apart. */
export class NoZip extends Error {}

/** The members of an archive, without its folders. */
export async function readZip(file: Blob): Promise<Member[]> {
  const tail = await view(file, Math.max(0, file.size - END_LENGTH - LONGEST_COMMENT), file.size);
  let end = tail.byteLength - END_LENGTH;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw new NoZip();
  const count = tail.getUint16(end + 10, true);
  const length = tail.getUint32(end + 12, true);
  const start = tail.getUint32(end + 16, true);
  if (count === 0xffff || start + length > file.size) throw new NoZip();
  const list = await view(file, start, start + length);
  const members: Member[] = [];
  let at = 0;
  for (let number = 0; number < count; number++) {
    if (at + 46 > list.byteLength || list.getUint32(at, true) !== CENTRAL) throw new NoZip();
    const ends = [28, 30, 32].map((from) => list.getUint16(at + from, true));
    const [nameLength = 0, extra = 0, comment = 0] = ends;
    if (at + 46 + nameLength > list.byteLength) throw new NoZip();
    const name = new TextDecoder().decode(
      new Uint8Array(list.buffer, list.byteOffset + at + 46, nameLength),
    );
    const packedSize = list.getUint32(at + 20, true);
    const offset = list.getUint32(at + 42, true);
    const method = list.getUint16(at + 10, true);
    if (!name.endsWith("/"))
      members.push({
        name: name.replaceAll("\\", "/"),
        size: list.getUint32(at + 24, true),
        crc: list.getUint32(at + 16, true),
        method,
        isLocked:
          (list.getUint16(at + 8, true) & LOCKED) !== 0 || ![STORED, DEFLATED].includes(method),
        packed: () => packedAt(file, offset, packedSize),
      });
    at += 46 + nameLength + extra + comment;
  }
  return members;
}

async function packedAt(file: Blob, offset: number, length: number): Promise<Blob> {
  const head = await view(file, offset, offset + 30);
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw new NoZip();
  const start = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  return file.slice(start, start + length);
}

async function view(file: Blob, start: number, end: number): Promise<DataView<ArrayBuffer>> {
  return new DataView(await file.slice(start, end).arrayBuffer());
}

/** What a member holds; at most its first bytes, where a number is given. */
export async function unpack(member: Member, most = member.size): Promise<Uint8Array<ArrayBuffer>> {
  const packed = await member.packed();
  const stream =
    member.method === STORED
      ? packed.stream()
      : packed.stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  const out = new Uint8Array(Math.min(most, member.size));
  let length = 0;
  while (length < out.length) {
    const { done, value } = await reader.read();
    if (done) break;
    // An archive may hold more than it says: what is beyond is not taken.
    out.set(value.subarray(0, out.length - length), length);
    length += Math.min(value.length, out.length - length);
  }
  await reader.cancel().catch(() => {});
  return out.subarray(0, length);
}

/** What a member holds, of letters. */
export const unpackText = async (member: Member): Promise<string> =>
  new TextDecoder().decode(await unpack(member));

/** A new member of an archive that is written. */
export async function pack(name: string, content: string | Uint8Array): Promise<Member> {
  const bytes =
    typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content);
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const packed = await new Response(stream).blob();
  return {
    name,
    size: bytes.length,
    crc: crcOf(bytes),
    method: DEFLATED,
    isLocked: false,
    packed: async () => packed,
  };
}

/** An archive of members; of those that come from others, the bytes are taken as they are. */
export async function writeZip(members: readonly Member[]): Promise<Blob> {
  const parts: BlobPart[] = [];
  const list: BlobPart[] = [];
  let at = 0;
  let listLength = 0;
  for (const member of members) {
    const name = new TextEncoder().encode(member.name);
    const packed = await member.packed();
    const shared = (to: DataView, from: number) => {
      to.setUint16(from, 20, true);
      to.setUint16(from + 2, UTF8, true);
      to.setUint16(from + 4, member.method, true);
      to.setUint16(from + 8, DATE, true);
      to.setUint32(from + 10, member.crc, true);
      to.setUint32(from + 14, packed.size, true);
      to.setUint32(from + 18, member.size, true);
      to.setUint16(from + 22, name.length, true);
    };
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, LOCAL, true);
    shared(local, 4);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, CENTRAL, true);
    central.setUint16(4, 20, true);
    shared(central, 6);
    central.setUint32(42, at, true);
    parts.push(local, name, packed);
    list.push(central, name);
    at += 30 + name.length + packed.size;
    listLength += 46 + name.length;
  }
  const end = new DataView(new ArrayBuffer(END_LENGTH));
  end.setUint32(0, END, true);
  end.setUint16(8, members.length, true);
  end.setUint16(10, members.length, true);
  end.setUint32(12, listLength, true);
  end.setUint32(16, at, true);
  return new Blob([...parts, ...list, end], { type: "application/zip" });
}

const TABLE = Uint32Array.from({ length: 256 }, (_, start) => {
  let value = start;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
