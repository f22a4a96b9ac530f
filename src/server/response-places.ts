import type { ServerResponse } from 'node:http';

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
  #free: number;
  /** Each is told whether it has got a place. */
  readonly #waiting = new Set<(hasPlace: boolean) => void>();

  constructor({ places, waitMs }: ResponsePlacesOptions) {
    this.#free = places;
    this.#waitMs = waitMs;
  }

  /** Takes a place until the response is closed. False if none became free in time, or the client has gone. */
  async take(response: ServerResponse): Promise<boolean> {
    if (!(await this.#place(response))) return false;
    if (response.destroyed) {
      this.#release();
      return false;
    }
    response.once('close', () => this.#release());
    return true;
  }

  #place(response: ServerResponse): boolean | Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.size >= MOST_WAITING) return false;
    return new Promise((resolve) => {
      const settle = (hasPlace: boolean): void => {
        clearTimeout(timer);
        response.off('close', leave);
        this.#waiting.delete(settle);
        resolve(hasPlace);
      };
      const leave = (): void => settle(false);
      const timer = setTimeout(leave, this.#waitMs);
      response.once('close', leave);
      this.#waiting.add(settle);
    });
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next(true);
  }
}
