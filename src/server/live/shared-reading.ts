import pLimit from 'p-limit';
import { createBatcher } from '../../kernel/batcher.ts';

const ASKING_AT_ONCE = 1_000;

/** Runs one reading at a time: callers who ask while one is under way share the next. */
export function sharedReading<T>(read: () => Promise<T>): () => Promise<T> {
  const next = createBatcher(async (asked: readonly null[]) => {
    const reading = await read();
    return asked.map(() => reading);
  }, ASKING_AT_ONCE);
  return () => next(null);
}

type ReadShared<T> = (key: string, read: () => Promise<T>, keepMs?: number) => Promise<T>;

/**
 * The same for readings by key: callers who ask before the reading of their key begins share it. At most `atOnce` run. With
 * `keepMs`, callers also share a reading that is under way, or that ended in the last `keepMs` milliseconds.
 */
export function sharedReadings<T>(atOnce: number): ReadShared<T> {
  const limit = pLimit(atOnce);
  const shared = new Map<string, Promise<T>>();
  return (key, read, keepMs = 0) => {
    const known = shared.get(key);
    if (known !== undefined) return known;
    const forget = (): unknown => shared.delete(key);
    const reading = limit(() => {
      if (keepMs === 0) forget();
      return read();
    });
    shared.set(key, reading);
    if (keepMs > 0) reading.then(() => setTimeout(forget, keepMs).unref(), forget);
    return reading;
  };
}
