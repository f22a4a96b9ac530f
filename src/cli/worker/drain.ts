import process from 'node:process';

/**
 * Bounds the time that a worker takes to finish the jobs in hand once it is told to end: whoever told it kills it before
 * long, without a word.
 *
 * @param timeoutMs from the signal on, in milliseconds
 */
export function endAfterDrain(signal: AbortSignal, timeoutMs: number): void {
  const end = (): void => {
    console.error(
      `winnow: the jobs in hand were not finished within ${timeoutMs / 1000} s (workers.drainTimeoutMs): it ends without them. Nothing is lost, they are done again.`,
    );
    // Anything gentler would wait for what has just proved too slow, such as a thread in the middle of a model.
    process.kill(process.pid, 'SIGKILL');
  };
  // A process that has nothing left to do ends by itself before.
  const start = (): void => void setTimeout(end, timeoutMs).unref();
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
}
