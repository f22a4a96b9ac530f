import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const LISTENER = fileURLToPath(new URL('listener.ts', import.meta.url));
/** Longer than what counts as one request. */
const PAUSE_MS = 300;

interface Listener {
  readonly child: ChildProcess;
  /** Resolves with its answer to the first signal. */
  readonly heard: Promise<unknown>;
}

async function listening(kind: 'command' | 'worker'): Promise<Listener> {
  const child = spawn(process.execPath, ['--import', 'tsx', LISTENER, kind], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return { child, heard: once(child.stderr, 'data') };
}

const hasEnded = ({ signalCode, exitCode }: ChildProcess): boolean => signalCode !== null || exitCode !== null;

describe('a process that is told to end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('again by %s ends at once if it is a worker', async (signal) => {
    const { child, heard } = await listening('worker');
    child.kill('SIGTERM');
    await heard;
    await sleep(PAUSE_MS);
    expect(hasEnded(child)).toBe(false);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  it('in one request that comes twice lets a worker finish its jobs in flight', async () => {
    const { child, heard } = await listening('worker');
    child.kill('SIGTERM');
    child.kill('SIGINT');
    await heard;
    await sleep(PAUSE_MS);
    expect(hasEnded(child)).toBe(false);
  });

  it('at a terminal takes a third Ctrl-C before a command abandons its jobs in flight', async () => {
    const { child, heard } = await listening('command');
    child.kill('SIGINT');
    await heard;
    child.kill('SIGINT');
    await sleep(PAUSE_MS);
    expect(hasEnded(child)).toBe(false);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });
});
