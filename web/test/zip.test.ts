import { describe, expect, it } from "vitest";
import { type Member, NoZip, pack, readZip, unpack, writeZip } from "../src/given/zip";

const text = async (bytes: Promise<Uint8Array>) => new TextDecoder().decode(await bytes);

async function alone(name: string, content: string): Promise<Member> {
  const [member] = await readZip(await writeZip([await pack(name, content)]));
  if (!member) throw new Error("The archive is empty.");
  return member;
}

describe("an archive", () => {
  it("gives back what was put in, names of other scripts too", async () => {
    const long = "a mask ".repeat(5000);
    const written = await writeZip([await pack("a/ä.txt", long), await pack("b.txt", "")]);
    const [first, second] = await readZip(written);
    expect([first?.name, first?.size, second?.name, second?.size]).toEqual([
      ...["a/ä.txt", long.length],
      ...["b.txt", 0],
    ]);
    expect(written.size).toBeLessThan(long.length / 10);
    expect(first && (await text(unpack(first)))).toBe(long);
    expect(first && (await text(unpack(first, 6)))).toBe("a mask");
  });

  it("is put together from others as they lie there", async () => {
    const [one, other] = [await alone("a", "first"), await alone("a", "second")];
    const both = await writeZip([
      { ...one, name: "1/a" },
      { ...other, name: "2/a" },
    ]);
    const told = (await readZip(both)).map(async (member) => [
      member.name,
      await text(unpack(member)),
    ]);
    expect(await Promise.all(told)).toEqual([
      ["1/a", "first"],
      ["2/a", "second"],
    ]);
  });

  it.each([new Blob(["PK"]), new Blob([new Uint8Array(100)])])("is refused if it is none", (file) =>
    expect(readZip(file)).rejects.toThrow(NoZip),
  );

  it("gives no more than it says a member has", async () => {
    const member = await alone("a", "0".repeat(1000));
    expect(await text(unpack({ ...member, size: 10 }))).toBe("0".repeat(10));
  });
});
