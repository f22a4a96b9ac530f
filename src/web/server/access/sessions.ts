import type { ServerResponse } from 'node:http';
import { sha256Of } from '../../../core/tools/sha256.ts';
import { sharedReading } from '../live/shared-reading.ts';

/** An ended session is refused after this time at the latest, in milliseconds, by every server of the catalogue. */
const FRESH_MS = 1_000;
/** How often the session of a long response is checked, such as a stream or a large download. */
const CHECK_MS = 5_000;

/** The id of a session in the catalogue. The session cannot be derived from it. */
export function sessionIdOf(session: string): string {
  return sha256Of(session);
}

/** Sessions of the catalogue that have not been ended. It is read at most once a second, except for unknown ids. */
export class Sessions {
  readonly #read: () => Promise<ReadonlySet<string>>;
  #open: ReadonlySet<string> = new Set();
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(readIds: () => Promise<ReadonlySet<string>>) {
    this.#read = sharedReading(async () => {
      const startMs = performance.now();
      this.#open = await readIds();
      this.#readMs = startMs;
      return this.#open;
    });
  }

  /** True if a session has not been ended. Does not check its signature. */
  async isOpen(session: string): Promise<boolean> {
    const id = sessionIdOf(session);
    const isFresh = performance.now() - this.#readMs < FRESH_MS;
    return (isFresh && this.#open.has(id)) || (await this.#read()).has(id);
  }

  /** Breaks a response off when its session ends. While the catalogue cannot be read, the response goes on. */
  cutWhenEnded(session: string, response: ServerResponse): void {
    const check = async (): Promise<void> => {
      if (!(await this.isOpen(session).catch(() => true))) response.destroy();
    };
    // A client can be gone before its request is handled. It will not be closed again.
    if (response.destroyed) return;
    const timer = setInterval(() => void check(), CHECK_MS).unref();
    response.once('close', () => clearInterval(timer));
  }
}
