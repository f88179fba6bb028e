import { expect, test } from "vitest";
import { groupsOf, saidAlone } from "../src/panel/understood";

const chip = (kind: string, finding: number | null) => ({
  kind,
  value: kind,
  label: kind,
  finding,
});

test("chips of two findings stand in two groups, those of the picture in a third", () => {
  const chips = [chip("side", 0), chip("presence", 1), chip("finding", 0), chip("modality", null)];
  expect(groupsOf(chips).map((one) => one.chips.map(({ kind }) => kind))).toEqual([
    ["side", "finding"],
    ["presence"],
    ["modality"],
  ]);
});

test("chips of one finding stand in one row", () => {
  expect(groupsOf([chip("side", 0), chip("modality", null)])).toHaveLength(1);
  expect(groupsOf([])).toEqual([]);
});

test("only what is there is asked alone", () => {
  const there = { said: "one opacity", presence: "present" as const };
  const absent = { said: "no effusion", presence: "absent" as const };
  expect(saidAlone([there, absent])).toEqual(["one opacity"]);
  expect(saidAlone([there])).toEqual([]);
});
