/** Of a DICOM file, only which series it belongs to: slices of one are given together. */

const DEFLATED = "1.2.840.10008.1.2.1.99";
const BIG_ENDIAN = "1.2.840.10008.1.2.2";
const IMPLICIT = "1.2.840.10008.1.2";
const LONG = new Set([
  "OB",
  "OD",
  "OF",
  "OL",
  "OV",
  "OW",
  "SQ",
  "SV",
  "UC",
  "UN",
  "UR",
  "UT",
  "UV",
]);
const OPEN_ENDED = 0xffffffff;
const ITEM = 0xfffee000;
const END_OF_ITEM = 0xfffee00d;
const END_OF_SEQUENCE = 0xfffee0dd;
const MODALITY = 0x00080060;
/** Films and photographs: several in one series are views, not slices. */
const OF_FILMS = new Set(
  ["CR", "DX", "MG", "PX", "IO", "RG", "XC", "ES", "OP", "GM", "DM", "SC", "OT"], // PS3.3 C.7.3.1.1.1
);
const SYNTAX = 0x00020010;
const SERIES = 0x0020000e;
const FRAMES = 0x00280008;

/** The header goes on behind what was read of the file. */
export class TooShort extends Error {}

export const isDicom = (head: Uint8Array): boolean =>
  String.fromCharCode(...head.subarray(128, 132)) === "DICM";

/** The series of a file by its first bytes; null: it stands alone, or does not tell. */
export function seriesOf(head: Uint8Array): string | null {
  if (!isDicom(head)) return null;
  const walk = new Walk(head, 132);
  let series: string | null = null;
  while (!walk.isAtEnd) {
    const tag = walk.peek();
    if (tag > FRAMES) break;
    const value = walk.next();
    if (tag === SYNTAX) {
      const syntax = textOf(value);
      if (syntax === DEFLATED || syntax === BIG_ENDIAN) return null;
      walk.syntax = syntax === IMPLICIT ? "implicit" : "explicit";
    }
    if (tag === MODALITY && OF_FILMS.has(textOf(value))) return null;
    if (tag === SERIES) series = textOf(value) || null;
    if (tag === FRAMES && Number(textOf(value)) > 1) return null;
  }
  return series;
}

const textOf = (value: Uint8Array): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: texts are padded with zeros
  String.fromCharCode(...value).replace(/[\s\u0000]+$/, "");

/** Goes from element to element; sequences are stepped over. */
class Walk {
  private readonly view: DataView;
  syntax: "explicit" | "implicit" = "explicit";

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  peek(): number {
    this.need(8);
    return (
      ((this.view.getUint16(this.at, true) << 16) | this.view.getUint16(this.at + 2, true)) >>> 0
    );
  }

  /** The value of the element here; empty for what has no fixed length. */
  next(): Uint8Array {
    const tag = this.peek();
    const isMeta = tag >>> 16 === 2;
    let length: number;
    if (tag >>> 16 === 0xfffe || (this.syntax === "implicit" && !isMeta)) {
      length = this.view.getUint32(this.at + 4, true);
      this.at += 8;
    } else {
      const kind = String.fromCharCode(this.bytes[this.at + 4] ?? 0, this.bytes[this.at + 5] ?? 0);
      if (LONG.has(kind)) {
        this.need(12);
        length = this.view.getUint32(this.at + 8, true);
        this.at += 12;
      } else {
        length = this.view.getUint16(this.at + 6, true);
        this.at += 8;
      }
    }
    if (length === OPEN_ENDED) {
      this.skipTo(END_OF_SEQUENCE);
      return new Uint8Array();
    }
    this.need(length);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private skipTo(end: number): void {
    for (;;) {
      const tag = this.peek();
      if (tag === end) {
        this.at += 8;
        return;
      }
      if (tag === ITEM && this.view.getUint32(this.at + 4, true) === OPEN_ENDED) {
        this.at += 8;
        this.skipTo(END_OF_ITEM);
      } else this.next();
    }
  }

  private need(length: number): void {
    if (this.at + length > this.bytes.length) throw new TooShort();
  }
}
