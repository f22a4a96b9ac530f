import { writeSync } from 'node:fs';
import { codeOf, messageOf, RetryLater } from '../../kernel/errors.ts';
import { DOING, type FromChild, type ToChild } from './messages.ts';

const STDERR = 2;

/** Says what is done next, so that it is known what was being done if this process dies of it. */
export function tell(doing: string): void {
  try {
    // At once and by the system, from whatever thread: what is only queued would be lost with the process.
    writeSync(STDERR, `${DOING}${doing}\n`);
  } catch {
    // Nobody reads any more, or not fast enough.
  }
}

/** Makes ready to answer. */
type Start<Spec, Request, Answer> = (spec: Spec) => Promise<(request: Request) => Promise<Answer>>;

/**
 * The child's side of `ChildProgram`: starts as its parent says, then answers one request after the other. Ctrl-C is its
 * parent's to hear; when that has gone it ends on the spot.
 */
export function serveParent<Spec, Request, Answer>(start: Start<Spec, Request, Answer>): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // Not `exit`, which would abort in the middle of a forward pass.
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
  // From the parent's side of the same protocol, and nobody else.
  process.on('message', (message: ToChild<Spec, Request>) => void hear(message));
}

function answering<Answers>(answer: Answers | null): Answers {
  if (answer === null) throw new Error('Expected to be started before the first request');
  return answer;
}
