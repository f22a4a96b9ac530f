import pLimit from 'p-limit';
import type { ServerResponse } from 'node:http';

/** How many live streams one server sends, and how many of them one person or address may hold. */
const MOST = 200;
const MOST_OF_ONE = 20;

/** A place for a stream until it is released, or who holds too many: the holder, or all together. */
type LivePlace = { readonly release: () => void } | { readonly full: 'one' | 'all' };

/** Bounds the live streams of a server, so that one person cannot hold all of them. */
export class LivePlaces {
  readonly #held = new Map<string, number>();
  #all = 0;

  readonly #most: number;
  readonly #mostOfOne: number;

  constructor(most = MOST, mostOfOne = MOST_OF_ONE) {
    this.#most = most;
    this.#mostOfOne = mostOfOne;
  }

  take(holder: string): LivePlace {
    const held = this.#held.get(holder) ?? 0;
    if (held >= this.#mostOfOne) return { full: 'one' };
    if (this.#all >= this.#most) return { full: 'all' };
    this.#add(holder, 1);
    return { release: () => this.#add(holder, -1) };
  }

  #add(holder: string, count: number): void {
    this.#all += count;
    const held = (this.#held.get(holder) ?? 0) + count;
    if (held === 0) this.#held.delete(holder);
    else this.#held.set(holder, held);
  }
}

/** Requests that wait for a place at most: each holds a connection and little else. */
const MOST_WAITING = 1_000;

/**
 * Bounds how many responses are sent at once. Others wait in order, since a page of thumbnails does not ask again. The
 * function resolves to false if no place became free in time, if too many wait, or if the client has gone.
 */
export function responsePlaces(places: number, waitMs: number): (response: ServerResponse) => Promise<boolean> {
  const limit = pLimit(places);
  return async (response) => {
    if (limit.pendingCount >= MOST_WAITING) return false;
    return new Promise((resolve) => {
      const late = AbortSignal.timeout(waitMs);
      late.addEventListener('abort', () => resolve(false));
      void limit(async () => {
        const isLost = late.aborted || response.destroyed;
        resolve(!isLost);
        if (!isLost) await new Promise((close) => response.once('close', close));
      });
    });
  };
}
