import { describe, expect, it } from "vitest";
import { seriesOf, TooShort } from "../src/given/dicom";
import { keepPath, sortGiven } from "../src/given/groups";
import { pack, writeZip } from "../src/given/zip";

const OPEN_ENDED = 0xffffffff;

function element(tag: number, kind: string, value: string | Uint8Array, isImplicit = false) {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  const isLong = ["SQ", "OB", "OW", "UN", "UT"].includes(kind);
  const head = new DataView(new ArrayBuffer(isImplicit || !isLong ? 8 : 12));
  head.setUint16(0, tag >>> 16, true);
  head.setUint16(2, tag & 0xffff, true);
  const length = kind === "SQ" ? OPEN_ENDED : bytes.length;
  const letters = isImplicit ? [] : [...kind].entries();
  for (const [at, one] of letters) head.setUint8(4 + at, one.charCodeAt(0));
  if (isImplicit) head.setUint32(4, length, true);
  else if (isLong) head.setUint32(8, length, true);
  else head.setUint16(6, length, true);
  return new Uint8Array([...new Uint8Array(head.buffer), ...bytes]);
}

const mark = (tag: number, length: number) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  view.setUint32(4, length, true);
  return new Uint8Array(view.buffer);
};

function dicom(series: string, { isImplicit = false, frames = "", modality = "CT" } = {}) {
  const syntax = isImplicit ? "1.2.840.10008.1.2\0" : "1.2.840.10008.1.2.1\0";
  const inside = element(0x0020000e, "UI", "9.9.9\0", isImplicit);
  return new Uint8Array([
    ...new Uint8Array(128),
    ...new TextEncoder().encode("DICM"),
    ...element(0x00020010, "UI", syntax),
    ...element(0x00080060, "CS", modality, isImplicit),
    ...element(0x00081115, "SQ", "", isImplicit), // what it refers to is of another series
    ...mark(0xfffee000, OPEN_ENDED),
    ...inside,
    ...mark(0xfffee00d, 0),
    ...mark(0xfffee0dd, 0),
    ...element(0x00100010, "PN", "Doe^Jane", isImplicit),
    ...element(0x0020000e, "UI", series, isImplicit),
    ...(frames ? element(0x00280008, "IS", frames, isImplicit) : []),
    ...element(0x00280010, "US", "\0\0", isImplicit),
  ]);
}

describe("a DICOM file", () => {
  it.each([false, true])("tells its own series, not one that it refers to (%s)", (isImplicit) => {
    expect(seriesOf(dicom("1.2.34\0", { isImplicit }))).toBe("1.2.34");
  });

  it("with frames stands alone", () => {
    expect(seriesOf(dicom("1.2.3\0", { frames: "12" }))).toBeNull();
    expect(seriesOf(dicom("1.2.3\0", { frames: "1 " }))).toBe("1.2.3");
  });

  it("of a film stands alone: two in a series are two views", () => {
    expect(seriesOf(dicom("1.2.3\0", { modality: "DX" }))).toBeNull();
  });

  it("whose header goes on asks for more", () => {
    expect(() => seriesOf(dicom("1.2.34\0").subarray(0, 190))).toThrow(TooShort);
  });
});

const file = (path: string, content: BlobPart = "x") =>
  keepPath(new File([content], path.split("/").at(-1) ?? ""), path);

describe("what is given", () => {
  it("is one picture for each file, told apart by its folder, in the order of numbers", async () => {
    const { given } = await sortGiven([file("/f/b/1.png"), file("f/a/10.png"), file("f/a/9.png")]);
    expect(given.map((one) => one.path)).toEqual(["f/a/9.png", "f/a/10.png", "f/b/1.png"]);
    expect((await given[2]?.files())?.map((one) => one.name)).toEqual(["1.png"]);
  });

  it("is one volume for each series, whatever its files are called", async () => {
    const { given } = await sortGiven([
      file("s/IM1", dicom("1.2\0")),
      file("s/IM2", dicom("1.3\0")),
      file("t/IM1", dicom("1.2\0")),
    ]);
    expect(given.map((one) => one.name)).toEqual(["IM1 and 1 more", "IM2"]);
  });

  it("leaves out what is no picture, and what the system put there", async () => {
    const pile = await sortGiven([
      file("f/.DS_Store"),
      file("f/notes.txt"),
      file("f/empty.png", ""),
      file("f/a.png"),
    ]);
    expect(pile.given.map((one) => one.path)).toEqual(["f/a.png"]);
    expect([pile.others, pile.empty]).toEqual([["f/notes.txt"], ["empty.png"]]);
  });

  it("is what an archive holds, unpacked when it is wanted", async () => {
    const zip = await writeZip([
      await pack("anna/1.png", "one"),
      await pack("bert/1.png", "two"),
      await pack("__MACOSX/1.png", "no"),
    ]);
    const { given } = await sortGiven([new File([zip], "both.zip")]);
    expect(given.map((one) => one.path)).toEqual(["anna/1.png", "bert/1.png"]);
    expect(await (await given[1]?.files())?.[0]?.text()).toBe("two");
  });

  it("is left to the server where an archive cannot be read here", async () => {
    const { given } = await sortGiven([new File(["PK\x03\x04nothing"], "a.zip")]);
    expect(given.map((one) => one.name)).toEqual(["a.zip"]);
  });
});
