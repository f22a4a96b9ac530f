import { writeSync } from 'node:fs';
import { toSent, type SentError } from '../../kernel/sent-error.ts';

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

type Start<Spec, Request, Answer> = (spec: Spec) => Promise<(request: Request) => Promise<Answer>>;

/** The child's side of `ChildProgram`. It ignores Ctrl-C, which its parent handles, and ends with its parent. */
export function serveParent<Spec, Request, Answer>(start: Start<Spec, Request, Answer>): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // `exit` would abort in the middle of a forward pass.
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  const reply = async (id: number, work: () => Promise<Answer | null>): Promise<void> => {
    const said: FromChild<Answer | null> = await work().then(
      (answer) => ({ id, answer }),
      (error: unknown) => ({ id, error: toSent(error, 'child') }),
    );
    process.send?.(said);
  };
  const starting = async (spec: Spec): Promise<null> => {
    const answer = await start(spec);
    process.on('message', ([id, request]: [number, Request]) => void reply(id, () => answer(request)));
    return null;
  };
  process.once('message', ([id, spec]: [number, Spec]) => void reply(id, () => starting(spec)));
}

/** The reply of a child to each request, and to its spec, the parent's first message (`answer` is then null). */
export type FromChild<Answer> = { readonly id: number } & ({ readonly answer: Answer } | { readonly error: SentError });

/** Prefix of a line on the child's stderr that reports its next step. */
export const DOING = 'winnow is ';
