/** Where a picture lies on a pane: how large, and how far it was moved from the middle. */

export interface Viewport {
  /** 1 fits the picture into the pane. */
  zoom: number;
  /** In pixels of the picture, so that panes of different sizes move together. */
  x: number;
  y: number;
}

export interface Placed {
  scale: number;
  left: number;
  top: number;
}

export const FITTED: Viewport = { zoom: 1, x: 0, y: 0 };
const LEAST = 0.5;
const MOST = 40;
const MARGIN = 0.96;

interface Size {
  width: number;
  height: number;
}

/**
 * `tall` is how many times higher than wide a pixel is; the picture is then stretched, not the mask.
 */
export function place(view: Viewport, pane: Size, picture: Size, tall = 1): Placed {
  const fit = Math.min(pane.width / picture.width, pane.height / (picture.height * tall)) * MARGIN;
  const scale = fit * view.zoom;
  return {
    scale,
    left: pane.width / 2 - (picture.width / 2 + view.x) * scale,
    top: pane.height / 2 - (picture.height / 2 + view.y) * scale * tall,
  };
}

export const toPicture = (placed: Placed, x: number, y: number, tall = 1): [number, number] => [
  (x - placed.left) / placed.scale,
  (y - placed.top) / (placed.scale * tall),
];

/** Zoom so that the place of the picture under the pointer stays under it. */
export function zoomAt(
  view: Viewport,
  factor: number,
  at: readonly [number, number],
  picture: Size,
): Viewport {
  const zoom = Math.min(MOST, Math.max(LEAST, view.zoom * factor));
  const kept = 1 - view.zoom / zoom;
  return {
    zoom,
    x: view.x + (at[0] - picture.width / 2 - view.x) * kept,
    y: view.y + (at[1] - picture.height / 2 - view.y) * kept,
  };
}

/** Keep a part of the picture in sight. */
export function pan(view: Viewport, dx: number, dy: number, picture: Size): Viewport {
  const within = (value: number, half: number) => Math.min(half, Math.max(-half, value));
  return {
    zoom: view.zoom,
    x: within(view.x + dx, picture.width / 2),
    y: within(view.y + dy, picture.height / 2),
  };
}
