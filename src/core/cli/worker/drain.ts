import process from 'node:process';
import { fatalLogOf, type CommandContext } from '../start/context.ts';

/**
 * Ends a stopping worker after `workers.drainTimeoutMs`, because the process manager would soon kill it, without a
 * message. Call it first, because opening resources may block.
 */
export function limitDrain({ signal, loaded }: CommandContext): void {
  const timeoutMs = loaded.config.workers.drainTimeoutMs;
  const end = (): void => {
    const message = `the jobs in flight did not finish within ${timeoutMs / 1000} s (workers.drainTimeoutMs), so the worker ends without them. Nothing is lost: they will run again.`;
    const log = fatalLogOf(loaded.config.log.format);
    if (log === undefined) console.error(`winnow: ${message}`);
    else log.fatal({ code: 'drain-timeout' }, message);
    // A gentler signal would wait for the work that has just proved too slow, such as a thread that runs a model.
    process.kill(process.pid, 'SIGKILL');
  };
  // Does not keep the process alive: a process that finishes earlier ends normally.
  const start = (): void => void setTimeout(end, timeoutMs).unref();
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
}
