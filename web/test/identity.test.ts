import { afterEach, describe, expect, it, vi } from "vitest";
import { Refusal, Unreachable } from "../src/server/api";
import type { ImageInfo } from "../src/server/contract";
import { notices } from "../src/state/notices";
import { Opened } from "../src/state/opened";
import { askOf, trying } from "../src/state/patience";
import { pictures } from "../src/state/store";
import { labelOf } from "../src/state/worklist";

vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {} });

const info = (hash: string, more: Partial<ImageInfo> = {}): ImageInfo => ({
  ...{ id: "old", name: "1.png", kind: "picture", width: 4, height: 4, slices: 1 },
  ...{ spacing_mm: null, patient_left: null, input_hash: hash },
  ...more,
});

const source = (name: string) => ({ files: async () => [new File(["x"], name)] });

/** A server that was started again, and answers an upload with these. */
function restarted(...images: ImageInfo[]) {
  const sent: string[][] = [];
  vi.stubGlobal("fetch", async (_path: string, asked: { body: FormData }) => {
    sent.push(asked.body.getAll("files").map((one) => (one as File).name));
    return Response.json({ images, problems: [] });
  });
  return sent;
}

const ask = async (id: string) => {
  if (id === "new") return "answer";
  throw new Refusal("unknown", "unknown-image", 404, null);
};

afterEach(() => {
  notices.value = [];
  pictures.value = [];
});

describe("after a restart", () => {
  it("a picture is known by what its file holds, not by its name", async () => {
    const opened = new Opened(info("b"), source("1.png"));
    const sent = restarted(info("a", { id: "other" }), info("b", { id: "new" }));
    expect(await askOf(opened, ask)).toBe("answer");
    expect(sent).toEqual([["1.png"]]);
  });

  it("another file of the same name and size gets nothing of it", async () => {
    const opened = new Opened(info("b"), source("1.png"));
    restarted(info("a", { id: "new" }));
    await expect(askOf(opened, ask)).rejects.toThrow("another picture");
    expect([opened.isLost.value, opened.source]).toEqual([true, null]);
  });

  it("what a person gives meanwhile holds", async () => {
    const opened = new Opened(info(""), source("picture.png"));
    vi.stubGlobal("fetch", async () => {
      opened.info.value = info("b", { id: "new" });
      return Response.json({ images: [info("a", { id: "other" })], problems: [] });
    });
    expect(await askOf(opened, ask)).toBe("answer");
    expect([opened.isLost.value, opened.info.value.input_hash]).toEqual([false, "b"]);
  });

  it("a file that only seemed to be it stands for itself again", async () => {
    const opened = new Opened(info("b"), source("2.png"));
    let isOther = false;
    opened.seeming = {
      otherwise: null,
      isOther: () => {
        isOther = true;
      },
    };
    restarted(info("a", { id: "new" }));
    await expect(askOf(opened, ask)).rejects.toThrow("after a reload");
    expect([isOther, opened.isLost.value]).toEqual([true, true]);
  });
});

describe("a connection that breaks", () => {
  it("is told with what was not done", async () => {
    vi.stubGlobal("fetch", () => new Promise(() => {}));
    const cut = async () => {
      throw new Unreachable();
    };
    expect(await trying(cut, "The file was not saved")).toBe(false);
    expect(notices.value.map((one) => one.text)).toEqual([
      "The file was not saved: the connection to lingseg broke. Nothing of yours is lost; press it again.",
    ]);
  });
});

describe("two pictures of one name", () => {
  it("are told apart by their folders, or else by a number", () => {
    const named = (path: string) => {
      const opened = new Opened(info(path), null);
      opened.path = path;
      return opened;
    };
    const [anna, bert, alone, again] = [
      named("f/anna/1.png"),
      named("f/bert/1.png"),
      named("1.png"),
      named("1.png"),
    ];
    pictures.value = [anna, bert, alone, again] as Opened[];
    expect(pictures.value.map(labelOf)).toEqual(["anna/1.png", "bert/1.png", "1.png", "1.png (2)"]);
  });
});
