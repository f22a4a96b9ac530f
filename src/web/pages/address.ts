import { useState } from 'preact/hooks';
import { ownPathname, withBasePath } from './base-path.ts';

/** Browsers refuse or ignore more than some 100 changes of the address in 10 seconds. If keys repeat, changes wait for each other. */
const MOST_AT_ONCE = 30;
const WITHIN_MS = 10_000;
const THEN_EVERY_MS = 150;

let waiting: ReturnType<typeof setTimeout> | undefined;
/** When the last addresses were written. */
const writtenAtMs = Array.from({ length: MOST_AT_ONCE }, () => -Infinity);
/** The address that is about to be written, unless the page is at another one by then. */
let next: string | null = null;

/** Writes what the page shows now into its address, without a step in the browser's history. */
export function replaceAddress(address: string): void {
  const { href: from } = location;
  const href = withBasePath(address);
  const write = (): void => {
    next = null;
    if (location.href !== from || new URL(href, from).href === from) return;
    writtenAtMs.shift();
    writtenAtMs.push(performance.now());
    history.replaceState(history.state, '', href);
  };
  next = href;
  clearTimeout(waiting);
  const nowMs = performance.now();
  const isRepeating = nowMs - (writtenAtMs[0] ?? 0) < WITHIN_MS;
  const leftMs = isRepeating ? (writtenAtMs.at(-1) ?? 0) + THEN_EVERY_MS - nowMs : 0;
  if (leftMs <= 0) write();
  else waiting = setTimeout(write, leftMs);
}

/** The position of the first tile in view when this step of the browser's history was left; 0 for a new step. */
export function placeKept(): number {
  const kept: unknown = Object(history.state).place;
  return typeof kept === 'number' ? kept : 0;
}

export function keepPlace(place: number): void {
  history.replaceState({ ...history.state, place }, '');
}

/** A part of what the page shows now: the value of `name` in its address; '' if it has none, as in a page that the server renders. */
export function inAddress(name: string): string {
  return typeof location === 'undefined' ? '' : (new URLSearchParams(location.search).get(name) ?? '');
}

/** @param value '' to take the part out */
export function putIntoAddress(name: string, value: string): void {
  const url = new URL(next ?? location.href, location.href);
  if (value === '') url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  replaceAddress(ownPathname(url) + url.search);
}

/** A state of a component that the address keeps, so that a link or a reload shows it again. */
export function useInAddress(name: string): readonly [string, (value: string) => void] {
  const [value, set] = useState(() => inAddress(name));
  const change = (changed: string): void => {
    set(changed);
    putIntoAddress(name, changed);
  };
  return [value, change];
}
