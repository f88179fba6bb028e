/** A picture or volume that is open, with all that is done on it. */

import { computed, signal } from "@preact/signals";
import { AS_STORED, decodePicture, type Level, type Picture, rangeOf } from "../pixels/picture";
import type { Rect } from "../pixels/rect";
import type { Mask } from "../pixels/runs";
import { FITTED, type Viewport } from "../pixels/viewport";
import type { ImageInfo, Scale, StruckWord } from "../server/contract";
import { COLOURS, type Layer, newLayer } from "./layer";
import { Undo } from "./undo";

/** Where the picture comes from, to give it to the server again. */
export type Source = { files: () => Promise<File[]> } | { example: string } | null;

/** A stroke that has not ended: its mask is shown in place of the layer's, and changes under way. */
export interface Draft {
  /** The correction that it will go to; there may be none yet. */
  layer: Layer;
  /** What is corrected, as it was before. */
  before: Mask;
  mask: Mask;
  /** All that the stroke changed. */
  touched: Rect;
  /** What it changed since it was last drawn. */
  fresh: { rect: Rect | null };
}

let lastKey = 0;

export class Opened {
  readonly key = ++lastKey;
  readonly info;
  readonly picture = signal<Picture | null>(null);
  readonly slice = signal(0);
  readonly view = signal<Viewport>(FITTED);
  readonly level = signal<Level | null>(null);
  readonly layers = signal<readonly Layer[]>([newLayer(1, "", COLOURS[0])]);
  readonly activeId = signal(1);
  readonly struck = signal<{ layer: number; word: StruckWord } | null>(null);
  /** The server does not hold it, and neither does this page. */
  readonly isLost = signal(false);
  /** The person said that this one is finished. */
  readonly isDone = signal(false);
  /** It came from a saved session that does not hold the picture. */
  isOfSession = false;
  /** The hash of the file that a session's own picture was made from. */
  original = "";
  /** The file of the same path that it seems to be; its hash will tell. */
  seeming: { otherwise: Source; isOther: () => void } | null = null;
  /** Its name with the folders that it lay in. */
  path: string;
  readonly draft = signal<Draft | null>(null);
  /** A stroke is under way; it may have drawn nothing yet. */
  isPainting = false;
  readonly undo = new Undo();

  readonly active = computed(() => {
    const layers = this.layers.value;
    return layers.find((one) => one.id === this.activeId.value) ?? layers[0] ?? null;
  });
  /** The layer whose sentence stands in the box: of a correction, the one that it corrects. */
  readonly asked = computed(() => {
    const active = this.active.value;
    if (!active || active.corrects === null) return active;
    return this.layers.value.find((one) => one.id === active.corrects) ?? active;
  });
  readonly scale = signal<Scale>(AS_STORED);
  /** The level that the file names, or all there is. */
  readonly firstLevel = computed<Level>(() => {
    const { window } = this.info.value;
    const picture = this.picture.value;
    // Pictures of 8 bits come as the model is shown them: a file's window is already in them.
    if (!picture || picture.top === 255) return { center: 127.5, width: 255, isInverted: false };
    if (window) {
      const { center, width, low, high } = window;
      return { center, width, isInverted: low > high };
    }
    const [low, high] = rangeOf(picture, this.scale.value);
    return { center: (low + high) / 2, width: high - low, isInverted: false };
  });

  private lastId = 1;

  constructor(
    info: ImageInfo,
    public source: Source,
  ) {
    this.info = signal(info);
    this.path = info.folder ? `${info.folder}/${info.name}` : info.name;
    this.slice.value = Math.floor(info.slices / 2);
  }

  get isVolume(): boolean {
    return this.info.value.slices > 1;
  }

  /** How many times higher than wide a pixel is. */
  get tall(): number {
    const spacing = this.info.value.spacing_mm;
    const [row, column] = spacing ?? [];
    return row && column ? row / column : 1;
  }

  find(id: number): Layer | null {
    return this.layers.value.find((one) => one.id === id) ?? null;
  }

  change(id: number, what: Partial<Layer>): void {
    this.layers.value = this.layers.value.map((one) => (one.id === id ? { ...one, ...what } : one));
  }

  /** A number that no layer of this picture had before: undo knows layers by it. */
  nextId(): number {
    this.lastId = Math.max(this.lastId, ...this.layers.value.map((one) => one.id)) + 1;
    return this.lastId;
  }

  show(bytes: Uint8Array, scale: Scale | null): void {
    this.scale.value = scale ?? this.info.value.scale ?? AS_STORED;
    this.picture.value = decodePicture(bytes);
  }
}
