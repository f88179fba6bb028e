/** Numbers in words. */

export const many = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`;

export const inPixels = (count: number): string =>
  `${count.toLocaleString("en")} pixel${count === 1 ? "" : "s"}`;

/** What is to be said of a picture, and why. */
export interface Reason {
  name: string;
  why: string;
}

const MOST_LINES = 3;
const MOST_NAMES = 20;

/** Each with its reason, those of one reason together; where the reasons are many, the last line has several. */
export function byReason(all: readonly Reason[]): string[] {
  const reasons = [...new Set(all.map((one) => one.why))];
  const lines = reasons.map((why) => {
    const names = all.filter((one) => one.why === why).map((one) => one.name);
    const [name = ""] = names;
    const isNamed = names.length === 1 && why.includes(name);
    const told = isNamed ? why : `${named(names)}: ${why}`;
    return /[.!?]$/.test(told) ? told : `${told}.`;
  });
  const [some, rest] = [lines.slice(0, MOST_LINES - 1), lines.slice(MOST_LINES - 1)];
  return rest.length ? [...some, rest.join(" ")] : some;
}

function named(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return names.slice(0, MOST_NAMES).join(", ") + more;
}
