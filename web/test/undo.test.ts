import { expect, test } from "vitest";
import { Undo } from "../src/state/undo";

const step = (layer: number, what: string) => ({
  what,
  layer,
  slice: 0,
  before: { size: [1, 1] as [number, number], counts: [1] },
  after: { size: [1, 1] as [number, number], counts: [0, 1] },
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

test("steps of a layer that is gone are gone", () => {
  const undo = new Undo();
  undo.add(step(1, "a"));
  undo.add(step(2, "b"));
  undo.forget(2);
  expect(undo.back()?.what).toBe("a");
});
