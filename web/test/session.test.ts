import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Given } from "../src/given/groups";
import { type Member, pack, readZip, unpack, writeZip } from "../src/given/zip";
import { toRuns } from "../src/pixels/runs";
import type { ExportLayer, ImageInfo } from "../src/server/contract";
import { lostSlices } from "../src/state/all_slices";
import { chooseSide } from "../src/state/asking";
import { give } from "../src/state/giving";
import { newLayer } from "../src/state/layer";
import { hasUnsavedWork } from "../src/state/layers";
import { notices } from "../src/state/notices";
import type { Opened } from "../src/state/opened";
import { openFiles } from "../src/state/opening";
import { exportAs } from "../src/state/saving";
import { restorePicture, savePicture } from "../src/state/session";
import { openSession } from "../src/state/session_zip";
import { currentKey, pictures, side } from "../src/state/store";
import { hindrance, takingOf } from "../src/state/taking";
import { takeAll } from "../src/state/whole";
import { labelOf, placeOf, Waiting, waiting, worklist } from "../src/state/worklist";
import { answer, maskWith, open, paint } from "./a_picture";

const LEFT = "one opacity in the left lung";
const RIGHT = "one opacity in the right lung";

interface Sent {
  image: string;
  layers: ExportLayer[];
  format: string;
}

/** What the server was asked for, and the files that were saved. */
const exported: Sent[] = [];
const segmented: number[] = [];
const saved: Blob[] = [];
let uploads: ImageInfo[] = [];
/** Pictures that the server refuses to write. */
let refused: string[] = [];
/** Files that it refuses to read. */
let refusedFiles: string[] = [];

async function answerTo(path: string, asked: RequestInit = {}): Promise<Response> {
  if (path.endsWith("images") && refusedFiles.length)
    return Response.json({ problem: "It is damaged.", code: "bad" }, { status: 422 });
  if (path.endsWith("images")) return Response.json({ images: [uploads.shift()], problems: [] });
  if (path.includes("/pixels")) return new Response(new Uint8Array([1, 2, 3]));
  if (asked.method === "DELETE") return Response.json({});
  const body = JSON.parse(String(asked.body));
  if (path.endsWith("segment")) {
    segmented.push(body.slice);
    const told = { ...body.sentences[0], is_found: true, confidence: 0.8, threshold: 0.5 };
    return Response.json({ results: [{ ...told, mask: toRuns(maskWith(5)) }], milliseconds: 1 });
  }
  if (refused.includes(body.image))
    return Response.json({ problem: "Text is burned in.", code: "no" }, { status: 422 });
  exported.push(body);
  const name = body.format === "dataset" ? `set/masks/${body.image}` : "masks/1.png";
  return new Response(await writeZip([await pack(name, body.image)]));
}

beforeEach(() => {
  for (const one of [exported, segmented, saved]) one.length = 0;
  refused = [];
  refusedFiles = [];
  uploads = [];
  side.value = "image";
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {} });
  vi.stubGlobal("scrollTo", () => {});
  vi.stubGlobal("fetch", answerTo);
  vi.stubGlobal("document", { createElement: () => ({ click: () => {} }) });
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    saved.push(blob as Blob);
    return "blob:";
  });
});
afterEach(() => {
  pictures.value = [];
  waiting.value = [];
  currentKey.value = null;
  notices.value = [];
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const told = () => notices.value.map((one) => one.text);

function named(name: string, slices = 1): Opened {
  const opened = open(slices);
  opened.info.value = { ...opened.info.value, id: name, name, input_hash: `hash of ${name}` };
  opened.path = `ward/${name}`;
  opened.source = { files: async () => [new File(["x"], name)] };
  placeOf(opened);
  pictures.value = [...pictures.value, opened];
  return opened;
}

function undecided(opened: Opened): void {
  answer(opened, 1, LEFT, 5);
  paint(opened, 6);
  answer(opened, 1, RIGHT, 9);
}

async function members(): Promise<Member[]> {
  const [blob] = saved;
  if (!blob) throw new Error(`Nothing was saved: ${told()}`);
  return readZip(blob);
}

/** The page of the next day, with what was saved. */
async function tomorrow(): Promise<readonly Opened[]> {
  const session = { name: "session.zip", members: await members() };
  pictures.value = [];
  waiting.value = [];
  return openSession(session);
}

describe("a volume", () => {
  function asked(): Opened {
    const opened = named("scan.nii", 4);
    for (const slice of [0, 1, 2, 3]) answer(opened, 1, LEFT, 5, slice);
    opened.slice.value = 1;
    paint(opened, 6);
    return opened;
  }

  it("knows after a reload which slices were asked, and asks them again before it is saved", async () => {
    const opened = restorePicture(JSON.parse(JSON.stringify(savePicture(asked()))));
    expect(opened.layers.value.map(lostSlices)).toEqual([[0, 1, 2, 3], []]);
    await exportAs(opened, "nifti", false);
    expect(segmented).toEqual([0, 1, 2, 3]);
    expect(exported[0]?.layers.map((one) => Object.keys(one.mask))).toEqual([
      ["0", "1", "2", "3"],
      ["0", "1", "2", "3"],
    ]);
  });

  it("keeps that over a second reload, and forgets it with another sentence", () => {
    const once = restorePicture(savePicture(asked()));
    const twice = restorePicture(savePicture(once));
    const [layer] = twice.layers.value;
    expect(layer && lostSlices(layer)).toHaveLength(4);
    expect(layer && lostSlices({ ...layer, text: RIGHT })).toEqual([]);
  });

  it("has all its rows in the data set after a session was opened again", async () => {
    asked();
    await takeAll("zip", false, false);
    const [opened] = await tomorrow();
    if (!opened) throw new Error("The session is empty.");
    opened.source = { files: async () => [new File(["x"], "scan.nii")] };
    opened.isLost.value = false;
    exported.length = 0;
    await takeAll("dataset", false, false);
    expect(Object.keys(exported[0]?.layers[0]?.mask ?? {})).toHaveLength(4);
  });

  it("is left out, and named, where a slice cannot be asked again", async () => {
    const opened = restorePicture(savePicture(asked()));
    opened.isLost.value = true;
    pictures.value = [opened];
    await takeAll("dataset", false, false);
    expect(told()).toEqual(["Left out: scan.nii: the file has to be given again first."]);
  });
});

describe("the session of all pictures", () => {
  it("has every picture, with its mark, and the list of those not looked at", async () => {
    for (const name of ["a.png", "b.png", "c.png"]) named(name);
    const [a, b] = pictures.value as [Opened, Opened];
    answer(a, 1, LEFT, 5);
    b.isDone.value = true;
    const given: Given = {
      ...{ name: "d.png", path: "ward/d.png", bytes: 1 },
      files: async () => [],
    };
    waiting.value = [new Waiting("ward/d.png", "d.png", given)];
    await takeAll("zip", false, false);
    expect(told()[0]).toContain("with 3 pictures and the name of 1 that is not open");
    await tomorrow();
    expect(worklist.value.map((one) => one.path)).toEqual(
      ["a", "b", "c", "d"].map((one) => `ward/${one}.png`),
    );
    expect(pictures.value.map((one) => one.isDone.value)).toEqual([false, true, false]);
    expect(waiting.value.map((one) => one.given)).toEqual([null]);
  });

  it("keeps the names of those whose file has to be given again, and of those that were refused", async () => {
    answer(named("a.png"), 1, LEFT, 5);
    const given = (name: string, files: Given["files"]) =>
      new Waiting(`ward/${name}`, name, { name, path: `ward/${name}`, bytes: 1, files });
    const gone = () => Promise.reject(new DOMException("gone", "NotFoundError"));
    refusedFiles = ["bad.png"];
    waiting.value = [
      new Waiting("ward/b.png", "b.png", null),
      given("moved.png", gone),
      given("bad.png", async () => [new File(["x"], "bad.png")]),
    ];
    for (const one of waiting.value) expect(await give(one)).toBeNull();
    await takeAll("zip", false, false);
    expect(told().slice(0, 2)).toEqual([
      "Only their names are in the session. moved.png: the file was moved or changed. Give it again. bad.png: It is damaged.",
      "Saved session.zip with 1 picture and the names of 3 that are not open. Research use only; not a medical device.",
    ]);
    await tomorrow();
    const names = ["a", "b", "moved", "bad"].map((one) => `ward/${one}.png`);
    expect(worklist.value.map((one) => one.path)).toEqual(names);
  });

  it("says how many it leaves out where their names may tell the patient", async () => {
    answer(named("a.png"), 1, LEFT, 5);
    waiting.value = [new Waiting("ward/Doe2.png", "Doe2.png", null)];
    await takeAll("zip", false, true);
    expect(told()[0]).toContain("with 1 picture; 1 that is not open is left out, with its name.");
  });

  it("tells nothing of names where the patient is left out", async () => {
    answer(named("Doe.png"), 1, LEFT, 5);
    waiting.value = [new Waiting("ward/Doe2.png", "Doe2.png", null)];
    await takeAll("zip", false, true);
    for (const one of await members()) {
      const text = one.name + new TextDecoder().decode(await unpack(one));
      if (one.name.endsWith(".json")) expect(text).not.toContain("Doe");
    }
  });

  it("carries what is undecided, and the question comes back", async () => {
    undecided(named("a.png"));
    await takeAll("zip", false, false);
    expect(exported[0]?.layers.map((one) => one.text)).toEqual([RIGHT]);
    const [again] = await tomorrow();
    expect(again && takingOf(again).undecided).toHaveLength(1);
  });

  it("goes on without the masks that the server refuses", async () => {
    answer(named("a.png"), 1, LEFT, 5);
    refused = ["a.png"];
    await takeAll("zip", false, false);
    expect((await members()).map((one) => one.name)).toContain("0001-ward-a.png/page.json");
    expect(told().join()).toContain("a.png: Text is burned in.");
  });
});

describe("the side of a session", () => {
  it("is told as long as it holds, and once", () => {
    chooseSide("patient", "session");
    expect(told().join()).toContain("the patient's left");
    chooseSide("image", "session");
    expect(told()).toHaveLength(1);
    expect(told()[0]).toContain("the picture's left");
    chooseSide("patient");
    expect(told()).toEqual([]);
  });
});

describe("the session of one picture", () => {
  it("holds what is undecided, which no other format takes", async () => {
    const opened = named("a.png");
    undecided(opened);
    expect(hindrance(takingOf(opened, "nifti"))).toContain("say first");
    expect(hindrance(takingOf(opened, "zip"))).toBeNull();
    opened.change(1, { isVisible: false });
    await exportAs(opened, "zip", false);
    expect((await members()).map((one) => one.name)).toEqual(["picture.png", "page.json"]);
    expect(hasUnsavedWork(opened)).toBe(false);
    const [again] = await tomorrow();
    expect(again?.isLost.value).toBe(false);
    expect(again?.layers.value).toHaveLength(2);
  });

  it("opened over the same work goes to it; over other work both are there, and it is told", async () => {
    const opened = named("a.png");
    answer(opened, 1, LEFT, 5);
    paint(opened, 6);
    await exportAs(opened, "zip", false);
    notices.value = [];
    const session = { name: "session.zip", members: await members() };
    expect(await openSession(session)).toEqual([opened]);
    expect([pictures.value.length, told()]).toEqual([1, []]);
    paint(opened, 7);
    await openSession(session);
    expect(pictures.value.map(labelOf)).toEqual(["ward/a.png", "ward/a.png (2)"]);
    expect(told()[0]).toContain("both are there now");
  });
});

describe("the data set of all", () => {
  it("one bad picture does not stop the data set of all: it is left out, and named", async () => {
    for (const name of ["a.png", "b.png", "c.png", "d.png", "e.png"])
      answer(named(name), 1, LEFT, 5);
    refused = ["b.png", "c.png", "d.png"];
    await takeAll("dataset", false, false);
    expect((await members()).map((one) => one.name)).toEqual([
      "set/masks/a.png",
      "set/masks/e.png",
    ]);
    expect(told()[0]).toBe("Left out: b.png, c.png, d.png: Text is burned in.");
    expect(told()).toHaveLength(2);
  });

  it("tells each picture's own reason, however many there are", async () => {
    const all = ["a", "b", "c", "d", "e"].map((name) => named(`${name}.png`));
    for (const one of all) answer(one, 1, LEFT, 5);
    const [a, b, c, d] = all as [Opened, Opened, Opened, Opened];
    refused = [a.info.value.id];
    b.isLost.value = true;
    undecided(c);
    d.change(1, { problem: "No such word." });
    await takeAll("dataset", false, false);
    expect(told().slice(0, 3)).toEqual([
      "Left out: a.png: Text is burned in.",
      "Left out: b.png: the file has to be given again first.",
      expect.stringMatching(/^Left out: c\.png: A correction .*\. d\.png: No such word\.$/),
    ]);
  });

  it("leaves out, by name, where a correction of what is visible is hidden", async () => {
    const [a, b, c] = ["a.png", "b.png", "c.png"].map((name) => {
      const opened = named(name);
      answer(opened, 1, LEFT, 5);
      paint(opened, 6);
      return opened;
    }) as [Opened, Opened, Opened];
    const hide = (opened: Opened, id: number) => opened.change(id, { isVisible: false });
    hide(b, b.layers.value[1]?.id ?? 0);
    // The sentence stands once more, and its hidden twin was corrected.
    hide(c, 1);
    hide(c, c.layers.value[1]?.id ?? 0);
    c.layers.value = [...c.layers.value, { ...newLayer(c.nextId(), "", "#fff") }];
    answer(c, c.layers.value[2]?.id ?? 0, LEFT, 5);
    await takeAll("dataset", false, false);
    expect(exported.map((one) => one.image)).toEqual([a.info.value.id]);
    expect(told()[0]).toBe(
      "Left out: b.png, c.png: a correction of what is visible is hidden. Show it, or remove it.",
    );
  });

  it("takes what is visible of two corrections", async () => {
    const opened = named("a.png");
    answer(opened, 1, LEFT, 5);
    paint(opened, 6);
    const [, first] = opened.layers.value;
    if (!first) throw new Error("Nothing was painted.");
    const other = { ...first, id: opened.nextId(), isVisible: false };
    opened.layers.value = [...opened.layers.value, other];
    await takeAll("dataset", false, false);
    expect(exported[0]?.layers.map((one) => one.is_corrected)).toEqual([true]);
  });
});

it("what a person drew for a sentence that the model refuses is saved all the same", async () => {
  const opened = named("a.png");
  opened.change(1, { text: LEFT });
  paint(opened, 6);
  opened.change(1, { problem: "No." });
  await exportAs(opened, "nifti", false);
  expect([segmented, exported[0]?.layers.length]).toEqual([[], 1]);
});

describe("given again", () => {
  const file = (name: string) => new File(["x"], name);

  it("the very same file goes to the picture that is open", async () => {
    const opened = named("a.png");
    opened.path = "a.png";
    uploads = [{ ...opened.info.value }];
    await openFiles([file("a.png")]);
    expect(pictures.value).toEqual([opened]);
    expect(told()).toEqual(["a.png is open already: this is it."]);
  });

  it("an entry of the list stays there where its file is refused, and takes the next one", async () => {
    waiting.value = [new Waiting("bad.png", "bad.png", null)];
    const [entry] = waiting.value;
    refusedFiles = ["bad.png"];
    for (const _ of [1, 2]) {
      await openFiles([file("bad.png")]);
      expect(worklist.value).toEqual([entry]);
    }
  });

  it("a folder leaves one at the picture that is shown", async () => {
    const names = ["a.png", "b.png"];
    waiting.value = [new Waiting("a.png", "a.png", null)];
    const shown = named("b.png");
    Object.assign(shown, { path: "b.png", source: null });
    shown.isLost.value = true;
    currentKey.value = shown.key;
    uploads = ["b.png", "a.png"].map((name) => ({
      ...{ ...shown.info.value, id: `new ${name}`, name },
      input_hash: `hash of ${name}`,
    }));
    await openFiles(names.map(file));
    expect(currentKey.value).toBe(shown.key);
    expect([shown.isLost.value, worklist.value.length]).toEqual([false, 2]);
  });
});
