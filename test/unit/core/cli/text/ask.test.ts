import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { terminalAsker } from '../../../../../src/core/cli/text/ask.ts';

const QUESTION = { fact: 'name', flag: '--name', text: 'a name for the model', suggestion: 'net' } as const;

function terminal(isTTY: boolean) {
  return {
    input: Object.assign(new PassThrough(), { isTTY }),
    output: Object.assign(new PassThrough(), { isTTY }),
  };
}

describe('terminalAsker', () => {
  const { signal } = new AbortController();

  it('asks nobody where there is no terminal', () => {
    expect(terminalAsker(signal, terminal(false))).toBeNull();
  });

  it('gives what is typed, question after question', async () => {
    const { input, output } = terminal(true);
    const ask = terminalAsker(signal, { input, output });
    for (const word of ['birds', '']) {
      const answer = ask?.(QUESTION);
      input.write(`${word}\n`);
      expect(await answer).toBe(word);
    }
    expect(String(output.read())).toContain('a name for the model (--name) [net]: ');
  });

  it('says so if the input ends before an answer', async () => {
    const { input, output } = terminal(true);
    const answer = terminalAsker(signal, { input, output })?.(QUESTION);
    input.end();
    await expect(answer).rejects.toMatchObject({
      code: 'model-facts-missing',
      message: 'Expected a name for the model (--name) but the input ended',
    });
  });
});
