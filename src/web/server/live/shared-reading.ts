import pLimit from 'p-limit';
import { createBatcher } from '../../../core/kernel/batcher.ts';
import { BadRequest } from '../review-requests.ts';
import { LivePlaces } from './places.ts';

const ASKING_AT_ONCE = 1_000;

/** Runs one reading at a time: callers who ask while one is under way share the next. */
export function sharedReading<T>(read: () => Promise<T>): () => Promise<T> {
  const next = createBatcher(async (asked: readonly null[]) => {
    const reading = await read();
    return asked.map(() => reading);
  }, ASKING_AT_ONCE);
  return () => next(null);
}

/** A person who waits for a reading. */
interface Asker {
  readonly holder: string;
  /** Aborts when the person's connection closes. */
  readonly signal: AbortSignal;
  /** Default: 0. */
  readonly keepMs?: number;
}

type ReadShared<T> = (key: string, read: (signal: AbortSignal) => Promise<T>, asker: Asker) => Promise<T>;

/** Readings of one person that wait or run. A page asks for four at once. */
const MOST_OF_ONE = 8;

interface Reading<T> {
  readonly result: Promise<T>;
  /** Has no effect on a reading that has ended. */
  readonly end: () => void;
  waiting: number;
}

/**
 * The same for readings by key: callers who ask before the reading of their key begins share it. At most `atOnce` run. With
 * `keepMs`, callers also share a reading that is under way, or that ended in the last `keepMs` milliseconds. When the last caller
 * has gone, a reading that waits never begins, and the signal of one that runs aborts.
 *
 * @throws BadRequest 429 if too many readings that this person began wait or run; 499, which nobody reads, if the person has gone
 */
export function sharedReadings<T>(atOnce: number): ReadShared<T> {
  const limit = pLimit(atOnce);
  const shared = new Map<string, Reading<T>>();
  const places = new LivePlaces(Number.POSITIVE_INFINITY, MOST_OF_ONE);
  const begin: (...asked: Parameters<ReadShared<T>>) => Reading<T> = (key, read, { holder, keepMs = 0 }) => {
    const place = places.take(holder);
    if ('full' in place) throw new BadRequest('Too many readings of yours wait or run; ask again later', 429);
    const ending = new AbortController();
    const forget = (): unknown => shared.get(key) === reading && shared.delete(key);
    const result = limit(async () => {
      if (ending.signal.aborted) throw gone();
      if (keepMs === 0) forget();
      return read(ending.signal);
    });
    let isOver = false;
    const settle = (): void => {
      if (!isOver) place.release();
      isOver = true;
    };
    const end = (): void => {
      if (isOver) return;
      ending.abort();
      forget();
      settle();
    };
    const reading: Reading<T> = { result: result.finally(settle), end, waiting: 0 };
    shared.set(key, reading);
    if (keepMs > 0) result.then(() => setTimeout(forget, keepMs).unref(), forget);
    return reading;
  };
  return async (key, read, asker) => {
    if (asker.signal.aborted) throw gone();
    const reading = shared.get(key) ?? begin(key, read, asker);
    reading.waiting += 1;
    try {
      return await untilGone(reading.result, asker.signal);
    } finally {
      reading.waiting -= 1;
      if (reading.waiting === 0) reading.end();
    }
  };
}

const gone = (): BadRequest => new BadRequest('The client has closed its connection', 499);

function untilGone<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(gone());
    signal.addEventListener('abort', leave);
    void result.then(resolve, reject).then(() => signal.removeEventListener('abort', leave));
  });
}
