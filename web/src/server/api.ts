/** The one door to the server. */

import { pathOf } from "../given/groups";
import type {
  Answer,
  Example,
  ExportFormat,
  ExportLayer,
  ImageInfo,
  ModelInfo,
  RunLengths,
  Scale,
  Side,
  StruckWord,
  Suggestion,
  Understanding,
  Uploaded,
} from "./contract";

/** Something the server did not do, in words for a person. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
    readonly retryAfter: number | null,
  ) {
    super(message);
    this.name = "Refusal";
  }
}

/** Nobody answered. */
export class Unreachable extends Error {
  constructor() {
    super("The connection to lingseg was lost. Your sentences and corrections are still here.");
    this.name = "Unreachable";
  }
}

const KEY = "lingseg.key";

export function keepKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

type Body = FormData | object | undefined;

async function ask(
  method: string,
  path: string,
  body: Body,
  signal?: AbortSignal,
): Promise<Response> {
  const headers = new Headers();
  const key = sessionStorage.getItem(KEY);
  if (key) headers.set("Authorization", `Bearer ${key}`);
  let payload: BodyInit | null = null;
  if (body instanceof FormData) payload = body;
  else if (body !== undefined) {
    headers.set("Content-Type", "application/json");
    payload = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body: payload, signal: signal ?? null });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
}

async function refusalOf(response: Response): Promise<Refusal> {
  const said: unknown = await response.json().catch(() => null);
  const { problem, code } = (said ?? {}) as { problem?: string; code?: string };
  const wait = Number(response.headers.get("Retry-After"));
  const sentence = problem ?? `The server answered ${response.status} and gave no reason.`;
  return new Refusal(sentence, code ?? "unknown", response.status, wait > 0 ? wait : null);
}

async function json<T>(method: string, path: string, body?: Body, signal?: AbortSignal) {
  const response = await ask(method, path, body, signal);
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable(); // the answer was cut off in the middle
  }
}

const imagePath = (id: string) => `v1/images/${encodeURIComponent(id)}`;

export const isAlive = () =>
  json<{ status: string }>("GET", "health").then(
    () => true,
    () => false,
  );

export const model = () => json<ModelInfo>("GET", "v1/model");
export const examples = () => json<Example[]>("GET", "v1/examples");
export const openExample = (name: string) =>
  json<Uploaded>("POST", `v1/examples/${encodeURIComponent(name)}`);

export function upload(files: readonly File[], signal?: AbortSignal): Promise<Uploaded> {
  const form = new FormData();
  for (const file of files) form.append("files", file, pathOf(file));
  return json<Uploaded>("POST", "v1/images", form, signal);
}

export const image = (id: string) => json<ImageInfo>("GET", imagePath(id));
export const forget = (id: string) => ask("DELETE", imagePath(id), undefined);

export const bytes = async (path: string): Promise<Uint8Array> =>
  bytesOf(await ask("GET", path.replace(/^\//, ""), undefined));

async function bytesOf(response: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

/** A slice as PNG, and what its values stand for where that differs from slice to slice. */
export async function pixels(id: string, slice: number, signal?: AbortSignal) {
  const path = `${imagePath(id)}/pixels?slice=${slice}`;
  const response = await ask("GET", path, undefined, signal);
  const [low, step] = (response.headers.get("X-Lingseg-Scale") ?? "").split(" ").map(Number);
  const scale: Scale | null = low !== undefined && step ? { low, step } : null;
  return { png: await bytesOf(response), scale };
}

interface Segmented {
  results: Answer[];
  milliseconds: number;
}

export function segment(
  id: string,
  text: string,
  side: Side | null,
  slice: number | null,
  probabilities: boolean,
  signal?: AbortSignal,
): Promise<Segmented> {
  const sentence = side ? { text, side } : { text };
  const body = { image: id, sentences: [sentence], slice, probabilities };
  return json<Segmented>("POST", "v1/segment", body, signal);
}

export const understand = (text: string, side: Side | null, signal?: AbortSignal) =>
  json<Understanding>("POST", "v1/understand", side ? { text, side } : { text }, signal);

export const suggest = (text: string, cursor: number, signal?: AbortSignal) =>
  json<{ suggestions: Suggestion[] }>("POST", "v1/suggest", { text, cursor }, signal);

export const strike = (id: string, text: string, side: Side | null, slice: number | null) =>
  json<{ words: StruckWord[] }>("POST", "v1/strike", {
    image: id,
    text,
    ...(side && { side }),
    ...(slice !== null && { slice }),
  });

export const edit = (
  id: string,
  mask: RunLengths,
  command: string,
  side: Side | null,
  slice: number | null,
) =>
  json<{ mask: RunLengths; done: string }>("POST", "v1/edit", {
    image: id,
    mask,
    command,
    ...(side && { side }),
    ...(slice !== null && { slice }),
  });

export async function exportLayers(
  id: string,
  layers: ExportLayer[],
  format: ExportFormat,
  slice: number | null,
  isDeidentified: boolean,
  datasetSide: Side | null = null,
): Promise<{ name: string; blob: Blob }> {
  const response = await ask("POST", "v1/export", {
    image: id,
    layers,
    format,
    is_deidentified: isDeidentified,
    ...(slice !== null && { slice }),
    ...(datasetSide && { dataset_side: datasetSide }),
  });
  const header = response.headers.get("Content-Disposition") ?? "";
  const name = /filename="([^"]+)"/.exec(header)?.[1] ?? `lingseg-${format}`;
  try {
    return { name, blob: await response.blob() };
  } catch {
    throw new Unreachable(); // the file was cut off in the middle
  }
}
