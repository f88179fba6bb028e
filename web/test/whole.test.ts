import { afterEach, describe, expect, it, vi } from "vitest";
import { type Member, pack, unpack, writeZip } from "../src/given/zip";
import { notices } from "../src/state/notices";
import { Opened } from "../src/state/opened";
import { DataSet } from "../src/state/whole";

vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {} });
afterEach(() => {
  notices.value = [];
});

const opened = new Opened(
  {
    ...{ id: "1", name: "1.png", kind: "picture", width: 4, height: 4, slices: 1 },
    ...{ spacing_mm: null, patient_left: null },
  },
  null,
);

/** The data set of one picture, as the server writes it. */
async function saved(picture: string, mask: string): Promise<Blob> {
  return writeZip([
    await pack(`set/images/${picture}.png`, picture),
    await pack(`set/masks/${picture}_1.png`, mask),
    await pack("set/train.csv", `image,mask,text\nimages/${picture}.png,masks/x,"a, b"\n`),
    await pack("set/dataset.json", "{}"),
  ]);
}

const names = (members: readonly Member[]) => members.map((one) => one.name).sort();

describe("the data set of several pictures", () => {
  it("has the files of all, and their rows below one head", async () => {
    const whole = new DataSet();
    await whole.add(opened, await saved("a", "left"));
    await whole.add(opened, await saved("b", "right"));
    const members = await whole.members();
    const files = ["images/a.png", "images/b.png", "masks/a_1.png", "masks/b_1.png"];
    const all = ["dataset.json", ...files, "train.csv"].map((one) => `set/${one}`);
    expect(names(members)).toEqual(all);
    const table = members.find((one) => one.name.endsWith(".csv"));
    const text = table && new TextDecoder().decode(await unpack(table));
    expect(text).toBe(
      'image,mask,text\nimages/a.png,masks/x,"a, b"\nimages/b.png,masks/x,"a, b"\n',
    );
  });

  it("never holds two masks of one sentence in one picture", async () => {
    const whole = new DataSet();
    await whole.add(opened, await saved("a", "left"));
    await whole.add(opened, await saved("a", "left"));
    expect(notices.value).toEqual([]);
    expect(await whole.add(opened, await saved("a", "another"))).toBe(false);
    expect(notices.value.map((one) => one.text)[0]).toContain("with another mask");
    expect(names(await whole.members())).toHaveLength(4);
  });
});
