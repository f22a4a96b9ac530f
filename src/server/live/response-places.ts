import type { ServerResponse } from 'node:http';
import pLimit from 'p-limit';

/** Requests that wait for a place at most: each holds a connection and little else. */
const MOST_WAITING = 1_000;

/**
 * Bounds how many responses are sent at once. Requests beyond that wait in the order in which they came, since a page of
 * thumbnails asks for many pictures at once and does not ask again.
 *
 * @param waitMs how long a request waits for a place, in milliseconds
 * @returns a function that takes a place until the response is closed. It resolves to false if no place became free in time,
 * if too many requests wait already, or if the client has gone
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
