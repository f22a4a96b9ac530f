import { PassThrough, type Readable } from 'node:stream';
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
  readonly #options: LiveFeedOptions<T>;
  readonly #listeners = new Set<PassThrough>();
  #last = '';
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isClosed = false;

  constructor(options: LiveFeedOptions<T>) {
    this.#options = options;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Returns a stream of events, which either side may end. Null if there are too many listeners already, or after `close`. */
  listen(): Readable | null {
    if (this.#isClosed || this.#listeners.size >= MAX_LISTENERS) return null;
    const events = new PassThrough();
    const heartbeat = setInterval(() => write(events, ': still here\n\n'), HEARTBEAT_MS);
    const over = setTimeout(() => events.end(), this.#options.streamMs ?? STREAM_MS);
    events.once('close', () => {
      clearInterval(heartbeat);
      clearTimeout(over);
      this.#listeners.delete(events);
      if (this.#listeners.size > 0) return;
      clearTimeout(this.#timer);
      // Who comes later is told what is so by then.
      this.#last = '';
    });
    this.#listeners.add(events);
    if (this.#last !== '') events.write(this.#last);
    this.#next(0);
    return events;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const events of this.#listeners) events.end();
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
      const event = `data: ${JSON.stringify(await this.#options.read())}\n\n`;
      if (event !== this.#last) this.#send(event);
      this.#last = this.#listeners.size === 0 ? '' : event;
    } catch (error) {
      // The page shows that it is out of date, and goes on when there is something again.
      this.#send(`event: trouble\ndata: ${JSON.stringify('The catalogue cannot be read just now')}\n\n`);
      this.#last = '';
      this.#options.onError(messageOf(error));
    } finally {
      this.#isReading = false;
    }
    this.#next(Math.max(this.#options.everyMs, PAUSE * (performance.now() - startMs)));
  }

  /** A listener that reads more slowly than things happen misses some events, so that they take up no memory. */
  #send(event: string): void {
    for (const events of this.#listeners) write(events, event);
  }
}

/** Writes nothing to a listener that reads too slowly, and nothing after the end. A stream ends before it is closed. */
function write(events: PassThrough, text: string): void {
  if (events.writable && !events.writableNeedDrain) events.write(text);
}
