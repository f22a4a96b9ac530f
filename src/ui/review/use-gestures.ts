import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { pan, placeOf, zoomTo, type Point, type Shown, type Zoom } from './zoom.ts';

const DOUBLE_TAP_MS = 300;
const DOUBLE_TAP_PIXELS = 30;

interface Gestures {
  /** Null while no photo is shown. */
  readonly shown: Shown | null;
  readonly onZoom: (zoom: Zoom) => void;
  /** The pointer is at this point of the stage. */
  readonly onPoint: (at: Point) => void;
}

/** Wheel, drag, pinch, double click and double tap on the stage. */
export function useGestures(stage: RefObject<HTMLElement>, gestures: Gestures): void {
  const newest = useRef(gestures);
  newest.current = gestures;
  useEffect(() => {
    const element = stage.current;
    if (element === null) return undefined;
    const gone = new AbortController();
    const { signal } = gone;
    const fingers = new Fingers(element, newest);
    element.addEventListener('pointerdown', (event) => fingers.down(event), { signal });
    element.addEventListener('pointermove', (event) => fingers.move(event), { signal });
    for (const type of ['pointerup', 'pointercancel'] as const) {
      element.addEventListener(type, (event) => fingers.up(event), { signal });
    }
    const wheel = (event: WheelEvent): void => {
      const { shown, onZoom } = newest.current;
      if (shown === null) return;
      event.preventDefault();
      const { scale } = placeOf(shown.photo, shown.stage, shown.zoom);
      onZoom(zoomTo(scale * Math.exp(-event.deltaY / 400), fingers.pointOf(event), shown));
    };
    element.addEventListener('wheel', wheel, { signal, passive: false });
    element.addEventListener('dblclick', (event) => fingers.toggle(fingers.pointOf(event)), { signal });
    return () => gone.abort();
  }, [stage]);
}

/** The pointers that are down on the stage. */
class Fingers {
  readonly #element: HTMLElement;
  readonly #newest: { readonly current: Gestures };
  readonly #down = new Map<number, Point>();
  #lastTap = { atMs: 0, x: 0, y: 0 };

  constructor(element: HTMLElement, newest: { readonly current: Gestures }) {
    this.#element = element;
    this.#newest = newest;
  }

  pointOf({ clientX, clientY }: MouseEvent): Point {
    const { left, top } = this.#element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  down(event: PointerEvent): void {
    if (event.target instanceof Element && event.target.closest('button, a') !== null) return;
    this.#element.setPointerCapture(event.pointerId);
    this.#down.set(event.pointerId, this.pointOf(event));
    if (event.pointerType !== 'mouse') this.#tap(this.pointOf(event), event.timeStamp);
  }

  move(event: PointerEvent): void {
    const { onPoint } = this.#newest.current;
    const to = this.pointOf(event);
    onPoint(to);
    const from = this.#down.get(event.pointerId);
    if (from === undefined) return;
    this.#down.set(event.pointerId, to);
    const [other] = [...this.#down].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    if (other === undefined) this.#change((shown) => pan({ x: to.x - from.x, y: to.y - from.y }, shown));
    else this.#pinch(from, to, other);
  }

  up(event: PointerEvent): void {
    this.#down.delete(event.pointerId);
  }

  /** Shows the photo at 1:1 there, or so that it fits. */
  toggle(at: Point): void {
    this.#change((shown) => (shown.zoom === null ? zoomTo(1, at, shown) : null));
  }

  #change(next: (shown: Shown) => Zoom): void {
    const { shown, onZoom } = this.#newest.current;
    if (shown !== null) onZoom(next(shown));
  }

  #tap(at: Point, atMs: number): void {
    const { x, y, atMs: before } = this.#lastTap;
    const isDouble = atMs - before < DOUBLE_TAP_MS && Math.hypot(at.x - x, at.y - y) < DOUBLE_TAP_PIXELS;
    this.#lastTap = { atMs: isDouble ? 0 : atMs, ...at };
    if (isDouble && this.#down.size === 1) this.toggle(at);
  }

  /** One of two fingers moved: the photo keeps its place between them. */
  #pinch(from: Point, to: Point, other: Point): void {
    const before = Math.hypot(from.x - other.x, from.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    const middle = { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 };
    const by = { x: (to.x - from.x) / 2, y: (to.y - from.y) / 2 };
    this.#change((shown) => {
      const moved = { ...shown, zoom: pan(by, shown) };
      const { scale } = placeOf(shown.photo, shown.stage, moved.zoom);
      return zoomTo((scale * after) / Math.max(1, before), middle, moved);
    });
  }
}
