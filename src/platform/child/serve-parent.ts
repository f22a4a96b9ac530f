import { writeSync } from 'node:fs';
import { codeOf, messageOf, RetryLater } from '../../kernel/errors.ts';
import { DOING, type FromChild, type ToChild } from './messages.ts';

const STDERR = 2;

/** Reports the next step, so that the parent knows what this process was doing if it dies. */
export function tell(doing: string): void {
  try {
    // A system call from any thread writes it at once. Queued output would be lost with the process.
    writeSync(STDERR, `${DOING}${doing}\n`);
  } catch {
    // The parent no longer reads, or does not read fast enough.
  }
}

/** Prepares the program to answer requests. */
type Start<Spec, Request, Answer> = (spec: Spec) => Promise<(request: Request) => Promise<Answer>>;

/**
 * The child's side of `ChildProgram`. It starts as its parent says, and then answers one request at a time. It ignores
 * Ctrl-C, which the parent handles. When the parent has gone it ends at once.
 */
export function serveParent<Spec, Request, Answer>(start: Start<Spec, Request, Answer>): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // `exit` would abort in the middle of a forward pass.
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  const send = (message: FromChild<Answer>): void => void process.send?.(message);
  let answer: ((request: Request) => Promise<Answer>) | null = null;
  const hear = async (message: ToChild<Spec, Request>): Promise<void> => {
    try {
      if (message.kind === 'ask') send({ kind: 'answer', answer: await answering(answer)(message.request) });
      else {
        answer = await start(message.spec);
        send({ kind: 'ready' });
      }
    } catch (error) {
      const mayPass = error instanceof RetryLater;
      send({ kind: 'failed', message: messageOf(error), code: codeOf(error) ?? 'child', mayPass });
    }
  };
  // The message comes from the parent's side of the same protocol.
  process.on('message', (message: ToChild<Spec, Request>) => void hear(message));
}

function answering<Answers>(answer: Answers | null): Answers {
  if (answer === null) throw new Error('Expected to be started before the first request');
  return answer;
}
