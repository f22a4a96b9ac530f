import { useRef, useState } from 'preact/hooks';
import type { ReviewPhoto } from '../../review/desk/desk.ts';
import { keysOf } from './keys.ts';
import { placeOf, zoomTo, type Point, type Size, type Zoom } from './zoom.ts';

export interface ZoomControl {
  readonly zoom: Zoom;
  /** CSS pixels per photo pixel, in percent; `null` while no photo is shown. */
  readonly percent: number | null;
  /** Shows the photo at 1:1 while the key is held. */
  hold(): void;
  /** @param key the released key; null for all keys */
  release(key: string | null): void;
  fit(): void;
  /** From fit to 1:1, and back. */
  toggle(): void;
  readonly stage: {
    readonly zoom: Zoom;
    readonly onZoom: (zoom: Zoom) => void;
    readonly onPoint: (at: Point) => void;
    readonly onSize: (size: Size) => void;
  };
}

/** The zoom of the photo. It is kept from photo to photo. */
export function useZoom(photo: ReviewPhoto | null): ZoomControl {
  const [zoom, setZoom] = useState<Zoom>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const point = useRef<Point | null>(null);
  /** The zoom to restore when the key is released; undefined while it is not held. */
  const before = useRef<Zoom | undefined>(undefined);
  const toOne = (): void => {
    if (photo === null) return;
    const at = point.current ?? { x: size.width / 2, y: size.height / 2 };
    setZoom((now) => zoomTo(1, at, { photo, stage: size, zoom: now }));
  };
  return {
    zoom,
    percent: photo === null || size.width === 0 ? null : Math.round(100 * placeOf(photo, size, zoom).scale),
    hold: () => {
      if (before.current !== undefined) return;
      before.current = zoom;
      toOne();
    },
    release: (key) => {
      if (before.current === undefined) return;
      if (key !== null && !keysOf('zoom').includes(key)) return;
      setZoom(before.current);
      before.current = undefined;
    },
    fit: () => setZoom(null),
    toggle: () => (zoom === null ? toOne() : setZoom(null)),
    stage: {
      zoom,
      onZoom: setZoom,
      onPoint: (at) => {
        point.current = at;
      },
      onSize: setSize,
    },
  };
}
