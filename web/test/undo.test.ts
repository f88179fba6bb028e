import { expect, test } from "vitest";
import { type Painted, Undo } from "../src/state/undo";

const step = (layer: number, what: string): Painted => ({
  kind: "painted",
  what,
  layer,
  slice: 0,
  before: { size: [1, 1], counts: [1] },
  after: { size: [1, 1], counts: [0, 1] },
  made: null,
});

test("back and forth give the same step", () => {
  const undo = new Undo();
  undo.add(step(1, "a"));
  undo.add(step(1, "b"));
  expect(undo.back()?.what).toBe("b");
  expect(undo.back()?.what).toBe("a");
  expect(undo.back()).toBeNull();
  expect(undo.forth()?.what).toBe("a");
});

test("a new step forgets what was undone", () => {
  const undo = new Undo();
  undo.add(step(1, "a"));
  undo.back();
  undo.add(step(1, "b"));
  expect(undo.canRedo.value).toBe(false);
  expect(undo.back()?.what).toBe("b");
});
