import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import type { Question } from '../app/models/draft.ts';

/**
 * Asks the person at the terminal; null where stdin or stderr is none. Questions go to stderr, since stdout is for results.
 *
 * @param signal ends a question that waits for its answer
 */
export function terminalAsker(signal: AbortSignal): ((question: Question) => Promise<string>) | null {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  return async ({ text, flag, suggestion }) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // In raw mode Ctrl-C is a key and no signal.
    lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    try {
      const hint = suggestion === null ? '' : ` [${suggestion}]`;
      return await lines.question(`${text} (${flag})${hint}: `, { signal });
    } finally {
      lines.close();
    }
  };
}
