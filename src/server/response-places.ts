import type { ServerResponse } from 'node:http';
import pLimit, { type LimitFunction } from 'p-limit';

/** Requests that wait for a place at most: each holds a connection and little else. */
const MOST_WAITING = 1_000;

export interface ResponsePlacesOptions {
  /** Responses at once. */
  readonly places: number;
  /** How long a request waits for a place, in milliseconds. */
  readonly waitMs: number;
}

/**
 * Bounds how many responses are sent at once. Requests beyond that wait in the order in which they came, since a page of
 * thumbnails asks for many pictures at once and does not ask again.
 */
export class ResponsePlaces {
  readonly #waitMs: number;
  readonly #places: LimitFunction;

  constructor({ places, waitMs }: ResponsePlacesOptions) {
    this.#places = pLimit(places);
    this.#waitMs = waitMs;
  }

  /** Takes a place until the response is closed. False if none became free in time, or the client has gone. */
  async take(response: ServerResponse): Promise<boolean> {
    if (this.#places.pendingCount >= MOST_WAITING) return false;
    return new Promise((resolve) => {
      const late = AbortSignal.timeout(this.#waitMs);
      late.addEventListener('abort', () => resolve(false));
      void this.#places(async () => {
        const isLost = late.aborted || response.destroyed;
        resolve(!isLost);
        if (!isLost) await new Promise((close) => response.once('close', close));
      });
    });
  }
}
