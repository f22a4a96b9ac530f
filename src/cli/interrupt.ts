import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Turns the first Ctrl-C (or a request to end) into an abort signal, on which a command finishes the jobs in hand. A
 * third one ends the process on the spot: nothing is lost by that either, only the jobs in hand are done again.
 */
export function listenForInterrupt(): { readonly signal: AbortSignal; readonly stopListening: () => void } {
  const controller = new AbortController();
  let presses = 0;
  const onSignal = (): void => {
    presses += 1;
    if (presses === 1) {
      console.error('\nwinnow: finishing the jobs in hand; what is done stays done.');
      controller.abort();
    } else if (presses === 2) {
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
