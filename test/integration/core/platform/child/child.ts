/** The child of child-program.test.ts. Each request names what it does. */
import { RetryLater } from '../../../../../src/core/kernel/errors.ts';
import { serveParent, tell } from '../../../../../src/core/platform/child/serve-parent.ts';

interface Spec {
  readonly name: string;
  readonly isBroken?: boolean;
}

serveParent<Spec, unknown, unknown>(async ({ name, isBroken = false }) => {
  if (isBroken) throw new RetryLater('not today', { code: 'child-broken' });
  return async (request) => {
    tell('thinking');
    if (request === 'pid') return process.pid;
    if (request === 'die') {
      tell('dying');
      console.error('out of luck');
      process.kill(process.pid, 'SIGSEGV');
    }
    if (request === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    if (request === 'fail') throw new RetryLater('later', { code: 'child-later' });
    return { name, echo: request };
  };
});
