import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import type { Question } from '../../models/library/draft.process.ts';
import { UsageError } from '../../kernel/errors.ts';

interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Null if stdin or stderr is not a terminal. Questions go to stderr, because stdout is for results. */
export function terminalAsker(
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): ((question: Omit<Question, 'fact'> & { readonly fact: string }) => Promise<string>) | null {
  if (input.isTTY !== true || output.isTTY !== true) return null;
  return async ({ text, fact, suggestion }) => {
    const lines = createInterface({ input, output });
    // In raw mode Ctrl-C is a key, not a signal.
    lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    // Without this, Ctrl-D would end the process as if it had succeeded.
    const ended = new Promise<never>((_, reject) => {
      lines.once('close', () =>
        reject(new UsageError(`Expected ${text} (--${fact}) but the input ended`, { code: 'model-facts-missing' })),
      );
    });
    try {
      const hint = suggestion === null ? '' : ` [${suggestion}]`;
      return await Promise.race([lines.question(`${text} (--${fact})${hint}: `, { signal }), ended]);
    } finally {
      lines.close();
    }
  };
}

/** Asks a question at the terminal that is answered by yes or no; the end of the input is a no. Null if there is no terminal. */
export async function confirmed(
  question: string,
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<boolean | null> {
  if (input.isTTY !== true || output.isTTY !== true) return null;
  const lines = createInterface({ input, output });
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
