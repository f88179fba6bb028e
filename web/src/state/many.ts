/** Numbers in words. */

export const many = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`;

export const inPixels = (count: number): string =>
  `${count.toLocaleString("en")} pixel${count === 1 ? "" : "s"}`;

/** The first of several, told each; the others in one line. */
export function toldOfSome(lines: readonly string[], others: (names: string) => string): string[] {
  const rest = lines.slice(2).map((one) => one.split(":", 1)[0] ?? one);
  const more = rest.length > 8 ? ` and ${rest.length - 8} more` : "";
  return [
    ...lines.slice(0, 2),
    ...(rest.length ? [others(rest.slice(0, 8).join(", ") + more)] : []),
  ];
}
