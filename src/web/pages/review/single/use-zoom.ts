import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import { keysOf } from '../keys.ts';
import { pan, pinch, scaleOf, zoomTo, type ViewPoint, type ShownZoom, type Zoom } from './zoom.ts';
import type { Size } from '../../../../core/platform/image/raster.ts';

export type ZoomControl = ReturnType<typeof useZoom>;

/** The zoom of the photo on the view, by keys, wheel, drag, pinch and double click. It is kept from photo to photo. */
export function useZoom(photo: ReviewPhoto | null) {
  const view = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState<Zoom>(null);
  const size = useSize(view);
  const shown: ShownZoom | null = photo === null ? null : { photo, view: size, zoom };
  const point = useGestures(view, { shown, onZoom: setZoom });
  // The zoom to restore when the key is released; undefined while it is not held.
  const before = useRef<Zoom | undefined>(undefined);
  const toOne = (): void => {
    const at = point.current ?? { x: size.width / 2, y: size.height / 2 };
    if (shown !== null) setZoom(zoomTo(1, at, shown));
  };
  return {
    view,
    zoom,
    size,
    /** CSS pixels per photo pixel, in percent; `null` while no photo is shown. */
    percent: shown === null || size.width === 0 ? null : Math.round(100 * scaleOf(shown)),
    hold: () => {
      if (before.current !== undefined) return;
      before.current = zoom;
      toOne();
    },
    /** @param key the released key; null for all keys */
    release: (key: string | null) => {
      if (before.current === undefined || (key !== null && !keysOf('zoom').includes(key))) return;
      setZoom(before.current);
      before.current = undefined;
    },
    fit: () => setZoom(null),
    toggle: () => (zoom === null ? toOne() : setZoom(null)),
  };
}

function useSize(view: RefObject<HTMLElement>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = view.current;
    if (element === null) return undefined;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}

interface Gestures {
  readonly shown: ShownZoom | null;
  readonly onZoom: (zoom: Zoom) => void;
}

/** Zooms by wheel, drag, pinch, double click and double tap. Returns the last point of the pointer. */
function useGestures(view: RefObject<HTMLElement>, gestures: Gestures): { readonly current: ViewPoint | null } {
  const newest = useRef(gestures);
  const point = useRef<ViewPoint | null>(null);
  newest.current = gestures;
  useEffect(() => {
    const element = view.current;
    if (element === null) return undefined;
    const gone = new AbortController();
    const { signal } = gone;
    const down = new Map<number, ViewPoint>();
    const change = (next: (shown: ShownZoom) => Zoom): void => {
      const { shown, onZoom } = newest.current;
      if (shown !== null) onZoom(next(shown));
    };
    const pointOf = (event: MouseEvent): ViewPoint => pointOn(element, event);
    const isDoubleTap = doubleTaps();
    const toggle = (event: MouseEvent): void =>
      change((shown) => (shown.zoom === null ? zoomTo(1, pointOf(event), shown) : null));
    const press = (event: PointerEvent): void => {
      if (event.target instanceof Element && event.target.closest('button, a') !== null) return;
      element.setPointerCapture(event.pointerId);
      down.set(event.pointerId, pointOf(event));
      if (isDoubleTap(event) && down.size === 1) toggle(event);
    };
    const move = (event: PointerEvent): void => {
      const to = pointOf(event);
      const from = down.get(event.pointerId);
      point.current = to;
      if (from === undefined) return;
      down.set(event.pointerId, to);
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) change((shown) => pan({ x: to.x - from.x, y: to.y - from.y }, shown));
      else change((shown) => pinch({ from, to, other }, shown));
    };
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      change((shown) => zoomTo(scaleOf(shown) * Math.exp(-event.deltaY / 400), pointOf(event), shown));
    };
    element.addEventListener('pointerdown', press, { signal });
    element.addEventListener('pointermove', move, { signal });
    for (const type of ['pointerup', 'pointercancel'] as const)
      element.addEventListener(type, ({ pointerId }) => down.delete(pointerId), { signal });
    element.addEventListener('wheel', wheel, { signal, passive: false });
    element.addEventListener('dblclick', toggle, { signal });
    return () => gone.abort();
  }, [view]);
  return point;
}

function pointOn(element: HTMLElement, { clientX, clientY }: MouseEvent): ViewPoint {
  const { left, top } = element.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

const DOUBLE_TAP_MS = 300;
const DOUBLE_TAP_PIXELS = 30;

/** Finds the second of two quick taps at one place. Browsers report double clicks of a mouse only. */
function doubleTaps(): (event: PointerEvent) => boolean {
  let last = { atMs: -Infinity, x: 0, y: 0 };
  return ({ pointerType, timeStamp, clientX: x, clientY: y }) => {
    if (pointerType === 'mouse') return false;
    const isDouble = timeStamp - last.atMs < DOUBLE_TAP_MS && Math.hypot(x - last.x, y - last.y) < DOUBLE_TAP_PIXELS;
    last = { atMs: isDouble ? -Infinity : timeStamp, x, y };
    return isDouble;
  };
}
