import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One request to stop arrives twice if it is sent to a process and to its group, as `timeout` does. */
const SAME_REQUEST_MS = 100;

/**
 * The first Ctrl-C (or request to stop) aborts the signal: jobs in flight finish. The third one ends the process at
 * once; a worker ends at the second, because a supervisor sends it on purpose.
 */
export function listenForInterrupt({ isWorker = false }: { readonly isWorker?: boolean | undefined } = {}): {
  readonly signal: AbortSignal;
  readonly stopListening: () => void;
} {
  const controller = new AbortController();
  let presses = 0;
  let firstMs = 0;
  const onSignal = (): void => {
    if (isWorker && presses === 1 && performance.now() - firstMs < SAME_REQUEST_MS) return;
    presses += 1;
    if (presses === 1) {
      firstMs = performance.now();
      console.error('\nwinnow: finishing the jobs in flight; what is done stays done.');
      controller.abort();
    } else if (presses === 2 && !isWorker) {
      console.error('winnow: still finishing; press Ctrl-C once more to stop at once.');
    } else {
      process.kill(process.pid, 'SIGKILL');
    }
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stopListening: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
