import { createBatcher } from './batcher.ts';

const ASKING_AT_ONCE = 1_000;

/** Runs one reading at a time: callers who ask while one is under way share the next. */
export function sharedReading<T>(read: () => Promise<T>): () => Promise<T> {
  const next = createBatcher(async (asked: readonly null[]) => {
    const reading = await read();
    return asked.map(() => reading);
  }, ASKING_AT_ONCE);
  return () => next(null);
}
