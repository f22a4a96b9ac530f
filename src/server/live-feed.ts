import type { ServerResponse } from 'node:http';
import { messageOf } from '../kernel/errors.ts';

const HEARTBEAT_MS = 15_000;
const MAX_LISTENERS = 100;
/** The stream ends after this time. The browser then asks again, and learns whether its session is over. */
const STREAM_MS = 3_600_000;
/** After a reading, the feed waits this many times as long as the reading took. */
const PAUSE = 9;

interface LiveFeedOptions<T> {
  readonly read: () => Promise<T>;
  readonly everyMs: number;
  /** How long one stream lasts before the browser must ask again, in milliseconds. Default: an hour. */
  readonly streamMs?: number;
  readonly onError: (error: unknown) => void;
}

/**
 * What changes, told to all pages that are open: read once for all of them, and only while there are any.
 *
 * States: idle (nobody listens) <-> reading (`everyMs` after the last reading, or nine times as long as that took, so that
 * a tenth of the time at most goes into it, however large the catalogue is) -> closed.
 */
export class LiveFeed<T> {
  readonly #read: () => Promise<T>;
  readonly #everyMs: number;
  readonly #streamMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<ServerResponse>();
  #last = '';
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isClosed = false;

  constructor(options: LiveFeedOptions<T>) {
    this.#read = options.read;
    this.#everyMs = options.everyMs;
    this.#streamMs = options.streamMs ?? STREAM_MS;
    this.#onError = options.onError;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Sends events until either side ends it. False: there are too many listeners already. */
  add(response: ServerResponse): boolean {
    if (this.#isClosed || this.#listeners.size >= MAX_LISTENERS) return false;
    response.writeHead(200, {
      ...headersOf(response),
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    const heartbeat = setInterval(() => write(response, ': still here\n\n'), HEARTBEAT_MS);
    const over = setTimeout(() => response.end(), this.#streamMs);
    response.once('close', () => {
      clearInterval(heartbeat);
      clearTimeout(over);
      this.#listeners.delete(response);
      if (this.#listeners.size > 0) return;
      clearTimeout(this.#timer);
      // Who comes later is told what is so by then.
      this.#last = '';
    });
    this.#listeners.add(response);
    if (this.#last !== '') response.write(this.#last);
    this.#next(0);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const response of this.#listeners) response.end();
  }

  #next(afterMs: number): void {
    if (this.#isReading || this.#isClosed || this.#listeners.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tell(), afterMs);
  }

  async #tell(): Promise<void> {
    this.#isReading = true;
    const startMs = performance.now();
    try {
      const event = `data: ${JSON.stringify(await this.#read())}\n\n`;
      if (event !== this.#last) this.#send(event);
      this.#last = this.#listeners.size === 0 ? '' : event;
    } catch (error) {
      // The page shows that it is out of date, and goes on when there is something again.
      this.#send(`event: trouble\ndata: ${JSON.stringify('The catalogue cannot be read just now')}\n\n`);
      this.#last = '';
      this.#onError(messageOf(error));
    } finally {
      this.#isReading = false;
    }
    this.#next(Math.max(this.#everyMs, PAUSE * (performance.now() - startMs)));
  }

  /** Who reads more slowly than things happen misses some of them, and no memory is spent on it. */
  #send(event: string): void {
    for (const response of this.#listeners) write(response, event);
  }
}

/** Nothing to who reads too slowly, nor after the end, which is before the stream is closed. */
function write(response: ServerResponse, text: string): void {
  if (!response.writableEnded && !response.writableNeedDrain) response.write(text);
}

function headersOf(response: ServerResponse): Record<string, number | string | string[]> {
  return Object.fromEntries(
    Object.entries(response.getHeaders()).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
