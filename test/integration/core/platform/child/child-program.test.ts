import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChildProgram } from '../../../../../src/core/platform/child/child-program.ts';
import { useBundle } from '../../../../support/bundle.ts';

interface Spec {
  readonly name: string;
  readonly isBroken?: boolean;
}

const bundled = useBundle({
  child: new URL('child.ts', import.meta.url),
  parent: new URL('parent.ts', import.meta.url),
});

function newProgram({ isBroken = false, limitMs = 60_000 } = {}): ChildProgram<Spec, unknown, unknown> {
  const module = pathToFileURL(bundled('child'));
  const program = new ChildProgram<Spec, unknown, unknown>({ module, spec: { name: 'Ann', isBroken }, limitMs });
  onTestFinished(() => program.close());
  return program;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a child program', () => {
  it('answers with bytes as bytes, and reports each error with its kind', async () => {
    const program = newProgram();
    const bytes = Buffer.from([1, 2, 3]);
    expect(await program.ask(bytes)).toEqual({ answer: { name: 'Ann', echo: bytes } });
    await expect(program.ask('fail')).rejects.toMatchObject({ name: 'RetryLater', code: 'child-later' });
    expect(await program.ask('again')).toEqual({ answer: { name: 'Ann', echo: 'again' } });
  });

  it('gives each of several requests at the same time its own answer', async () => {
    const program = newProgram();
    await program.start();
    const answers = await Promise.all(['one', 'two', 'three'].map((text) => program.ask(text)));
    expect(answers).toMatchObject(['one', 'two', 'three'].map((echo) => ({ answer: { echo } })));
  });

  it('reports how and at which step it died, and answers the next request', async () => {
    const program = newProgram();
    const [died, answered] = [await program.ask('die'), await program.ask('hello')];
    expect(died).toEqual({
      death: { at: expect.stringMatching(/^20\d\d-.*Z$/), how: 'SIGSEGV', doing: 'dying', said: 'out of luck' },
    });
    expect(answered).toMatchObject({ answer: { echo: 'hello' } });
  });

  it('is killed if it hangs', async () => {
    expect(await newProgram({ limitMs: 1_500 }).ask('hang')).toMatchObject({
      death: { how: 'no answer within 1.5 s', doing: 'thinking' },
    });
  });

  it('says why it cannot start, and blames no request', async () => {
    const error = { name: 'RetryLater', code: 'child-broken', message: 'not today' };
    await expect(newProgram({ isBroken: true }).ask('hello')).rejects.toMatchObject(error);
  });

  it('ends when its parent dies in any way, but not by signals that ask its parent to end', async () => {
    const parent = spawn(process.execPath, [bundled('parent')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [text] = await once(parent.stdout.setEncoding('utf8'), 'data');
    const pid = Number(text);
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    await sleep(200);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });
});
