import { PassThrough, type Readable } from 'node:stream';
import { messageOf } from '../../../core/kernel/errors.ts';
import { changedPaths, partsOf, partsJson } from '../../../core/page/live-parts.ts';

const HEARTBEAT_MS = 15_000;
/** The stream ends after this time. The browser then asks again, and learns whether its session is over. */
const STREAM_MS = 3_600_000;
/** After a reading, the feed waits this many times as long as the reading took. */
const PAUSE = 9;

/** Data with the time at which it was read, as ISO 8601. */
export interface Dated {
  readonly at: string;
}

interface LiveFeedOptions<T extends Dated> {
  readonly read: () => Promise<T>;
  readonly everyMs: number;
  /** How long one stream lasts before the browser must ask again, in milliseconds. Default: an hour. */
  readonly streamMs?: number;
  /** How often a page hears from the server when nothing changes, in milliseconds. Default: 15 s. */
  readonly heartbeatMs?: number;
  readonly onError: (error: unknown) => void;
}

interface Listener {
  readonly events: PassThrough;
  /** Paths of the parts that have changed since the page was sent them. Null if it was sent nothing yet. */
  owed: Set<string> | null;
}

/**
 * Sends changes to all open pages. The data is read and compared once for all of them, and only while a page is open. A page
 * gets everything once, then the parts that changed (`live-parts.ts`), and a heartbeat with the time of the last reading.
 *
 * States: idle (no page is open) <-> reading (`everyMs` after the last reading, or nine times as long as that took, so that
 * at most a tenth of the time goes into reading, however large the catalogue is) -> closed.
 */
export class LiveFeed<T extends Dated> {
  readonly #options: LiveFeedOptions<T>;
  readonly #listeners = new Set<Listener>();
  /** The parts of the last reading. Empty before the first reading, and while no page is open. */
  #parts: ReadonlyMap<string, string> = new Map();
  #at = '';
  #isTroubled = false;
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isClosed = false;

  constructor(options: LiveFeedOptions<T>) {
    this.#options = options;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Returns a stream of events, which either side may end. It is empty after `close`. */
  listen(): Readable {
    const events = new PassThrough();
    if (this.#isClosed) return events.end();
    const listener: Listener = { events, owed: null };
    const { heartbeatMs = HEARTBEAT_MS, streamMs = STREAM_MS } = this.#options;
    const heartbeat = setInterval(() => write(events, this.#heartbeat()), heartbeatMs);
    const over = setTimeout(() => events.end(), streamMs);
    events.once('close', () => {
      clearInterval(heartbeat);
      clearTimeout(over);
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearTimeout(this.#timer);
      // The next page must not get old data.
      this.#parts = new Map();
    });
    this.#listeners.add(listener);
    if (this.#parts.size > 0) this.#send([listener]);
    this.#next(0);
    return events;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { events } of this.#listeners) events.end();
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
      const { at, ...content } = await this.#options.read();
      this.#at = at;
      this.#compare(partsOf(content));
      this.#send(this.#listeners);
      if (this.#isTroubled) for (const { events } of this.#listeners) write(events, this.#heartbeat());
      this.#isTroubled = false;
    } catch (error) {
      // The page shows that it is out of date until the next successful reading.
      const trouble = `event: trouble\ndata: ${JSON.stringify('The catalogue cannot be read just now')}\n\n`;
      for (const { events } of this.#listeners) write(events, trouble);
      this.#isTroubled = true;
      this.#options.onError(messageOf(error));
    } finally {
      this.#isReading = false;
    }
    this.#next(Math.max(this.#options.everyMs, PAUSE * (performance.now() - startMs)));
  }

  #compare(now: ReadonlyMap<string, string>): void {
    const changed = changedPaths(this.#parts, now);
    for (const { owed } of this.#listeners) for (const path of changed) owed?.add(path);
    this.#parts = this.#listeners.size === 0 ? new Map() : now;
  }

  /** Sends the owed parts. A listener that reads too slowly gets them after a later reading, so that they take up no memory. */
  #send(listeners: Iterable<Listener>): void {
    const all = [...this.#parts.keys()];
    const texts = new Map<string, string>();
    for (const listener of listeners) {
      const paths = listener.owed === null ? all : [...listener.owed];
      if (paths.length === 0) continue;
      const key = paths.join(' ');
      const text = texts.get(key) ?? this.#message(paths);
      texts.set(key, text);
      if (write(listener.events, text)) listener.owed = new Set();
    }
  }

  #message(paths: readonly string[]): string {
    return `data: ${partsJson(new Map([...this.#parts, ['at', JSON.stringify(this.#at)]]), [...paths, 'at'])}\n\n`;
  }

  /** The time of the last reading. A page shows that it is up to date. */
  #heartbeat(): string {
    return this.#at === '' ? ': still here\n\n' : `event: read\ndata: ${JSON.stringify(this.#at)}\n\n`;
  }
}

/** @returns false, and writes nothing, if the listener reads too slowly or the stream has ended */
function write(events: PassThrough, text: string): boolean {
  if (!events.writable || events.writableNeedDrain) return false;
  events.write(text);
  return true;
}
