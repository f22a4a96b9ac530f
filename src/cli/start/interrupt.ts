import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One request to end comes twice where it goes to a process and to its group, as `timeout` sends it. */
const SAME_REQUEST_MS = 100;

/**
 * Turns the first Ctrl-C (or a request to end) into an abort signal, on which a command finishes the jobs in hand. A
 * third one ends the process on the spot: nothing is lost by that either, only the jobs in hand are done again. Of a
 * worker the second one does: whoever tells it to end does so on purpose, and no finger slips.
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
      console.error('\nwinnow: finishing the jobs in hand; what is done stays done.');
      controller.abort();
    } else if (presses === 2 && !isWorker) {
      console.error('winnow: still finishing; once more ends at once.');
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
