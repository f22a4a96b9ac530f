import type { Size } from '../../../../core/platform/image/raster.ts';
export interface ViewPoint {
  readonly x: number;
  readonly y: number;
}

/**
 * Null fits the photo. `scale`: CSS pixels per photo pixel. `x` and `y`: the photo point in the middle of the view, as
 * shares of width and height, so that the next photo can use them.
 */
export type Zoom = (ViewPoint & { readonly scale: number }) | null;

export interface PhotoPlace extends Size {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

const MAX_SCALE = 16;
const MARGIN = 16;

/** The photo's position and size on the view. A photo that is larger than the view covers it. */
export function placeOf(photo: Size, view: Size, zoom: Zoom): PhotoPlace {
  const scale = scaleOf({ photo, view, zoom });
  const width = photo.width * scale;
  const height = photo.height * scale;
  return {
    left: offsetOf(width, view.width, zoom?.x ?? 0.5),
    top: offsetOf(height, view.height, zoom?.y ?? 0.5),
    width,
    height,
    scale,
  };
}

export function scaleOf({ photo, view, zoom }: ShownZoom): number {
  return zoom?.scale ?? fitScale(photo, view);
}

function fitScale(photo: Size, view: Size): number {
  return Math.min(roomIn(view.width) / photo.width, roomIn(view.height) / photo.height);
}

function roomIn(side: number): number {
  return Math.max(1, side - 2 * MARGIN);
}

function offsetOf(shown: number, room: number, middle: number): number {
  if (shown <= room) return (room - shown) / 2;
  return Math.min(0, Math.max(room - shown, room / 2 - middle * shown));
}

/** Zooms to a scale and keeps the photo point under `at` (on the view) in place. */
export function zoomTo(scale: number, at: ViewPoint, { photo, view, zoom }: ShownZoom): Zoom {
  const now = placeOf(photo, view, zoom);
  const next = Math.min(MAX_SCALE, scale);
  // Zooming out ends where the photo fits.
  if (next <= fitScale(photo, view) && next <= now.scale && next !== 1) return null;
  const share = { x: (at.x - now.left) / now.width, y: (at.y - now.top) / now.height };
  return {
    scale: next,
    x: inside(share.x + (view.width / 2 - at.x) / (photo.width * next)),
    y: inside(share.y + (view.height / 2 - at.y) / (photo.height * next)),
  };
}

export interface ShownZoom {
  readonly photo: Size;
  readonly view: Size;
  readonly zoom: Zoom;
}

/** Moves the photo by `by` CSS pixels. A photo that fits does not move. */
export function pan(by: ViewPoint, { photo, view, zoom }: ShownZoom): Zoom {
  if (zoom === null) return null;
  const { left, top, width, height } = placeOf(photo, view, zoom);
  return {
    scale: zoom.scale,
    x: inside((view.width / 2 - left - by.x) / width),
    y: inside((view.height / 2 - top - by.y) / height),
  };
}

interface Pinch {
  readonly from: ViewPoint;
  readonly to: ViewPoint;
  readonly other: ViewPoint;
}

/** One of two fingers moved: the photo keeps its place between them. */
export function pinch({ from, to, other }: Pinch, shown: ShownZoom): Zoom {
  const before = Math.hypot(from.x - other.x, from.y - other.y);
  const after = Math.hypot(to.x - other.x, to.y - other.y);
  const middle = { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 };
  const moved = { ...shown, zoom: pan({ x: (to.x - from.x) / 2, y: (to.y - from.y) / 2 }, shown) };
  return zoomTo((scaleOf(moved) * after) / Math.max(1, before), middle, moved);
}

function inside(share: number): number {
  return Math.min(1, Math.max(0, share));
}
