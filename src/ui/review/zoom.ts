/** In CSS pixels, or in pixels of a photo. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * How large a photo is shown. Null: it fits into the stage. Else `scale` is CSS pixels for a pixel of the photo, and `x` and `y`
 * are the place of the photo in the middle of the stage, as shares of its width and height. So they can be kept for the next
 * photo.
 */
export type Zoom = (Point & { readonly scale: number }) | null;

export interface Place extends Size {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

const MAX_SCALE = 16;
/** Pixels around a photo that fits. */
const MARGIN = 16;

/** Where a photo stands on the stage. A photo that is larger than the stage covers it. */
export function placeOf(photo: Size, stage: Size, zoom: Zoom): Place {
  const scale = zoom?.scale ?? fitScale(photo, stage);
  const width = photo.width * scale;
  const height = photo.height * scale;
  return {
    left: offsetOf(width, stage.width, zoom?.x ?? 0.5),
    top: offsetOf(height, stage.height, zoom?.y ?? 0.5),
    width,
    height,
    scale,
  };
}

function fitScale(photo: Size, stage: Size): number {
  return Math.min(roomIn(stage.width) / photo.width, roomIn(stage.height) / photo.height);
}

function roomIn(side: number): number {
  return Math.max(1, side - 2 * MARGIN);
}

function offsetOf(shown: number, room: number, middle: number): number {
  if (shown <= room) return (room - shown) / 2;
  return Math.min(0, Math.max(room - shown, room / 2 - middle * shown));
}

/** Shows the photo at a scale, with the point of the photo that is under `at` (on the stage) kept where it is. */
export function zoomTo(scale: number, at: Point, { photo, stage, zoom }: Shown): Zoom {
  const now = placeOf(photo, stage, zoom);
  const next = Math.min(MAX_SCALE, scale);
  // Zooming out ends where the photo fits.
  if (next <= fitScale(photo, stage) && next <= now.scale && next !== 1) return null;
  const share = { x: (at.x - now.left) / now.width, y: (at.y - now.top) / now.height };
  return {
    scale: next,
    x: inside(share.x + (stage.width / 2 - at.x) / (photo.width * next)),
    y: inside(share.y + (stage.height / 2 - at.y) / (photo.height * next)),
  };
}

export interface Shown {
  readonly photo: Size;
  readonly stage: Size;
  readonly zoom: Zoom;
}

/** Moves the photo by so many CSS pixels. A photo that fits stays where it is. */
export function pan(by: Point, { photo, stage, zoom }: Shown): Zoom {
  if (zoom === null) return null;
  const { left, top, width, height } = placeOf(photo, stage, zoom);
  return {
    scale: zoom.scale,
    x: inside((stage.width / 2 - left - by.x) / width),
    y: inside((stage.height / 2 - top - by.y) / height),
  };
}

function inside(share: number): number {
  return Math.min(1, Math.max(0, share));
}
