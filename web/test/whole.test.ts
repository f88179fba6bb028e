import { describe, expect, it } from "vitest";
import { type Member, pack, unpack, writeZip } from "../src/given/zip";
import { DataSet } from "../src/state/whole";

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
    await whole.add(await saved("a", "left"));
    await whole.add(await saved("b", "right"));
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
    await whole.add(await saved("a", "left"));
    await whole.add(await saved("a", "left"));
    await expect(whole.add(await saved("a", "another"))).rejects.toThrow("with another mask");
    expect(names(await whole.members())).toHaveLength(4);
  });
});
