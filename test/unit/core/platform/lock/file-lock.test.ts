import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StopTheRun } from '../../../../../src/core/kernel/errors.ts';
import { withFileLock } from '../../../../../src/core/platform/lock/file-lock.ts';
import { hasEnded, isRunning, ownIdentity } from '../../../../../src/core/platform/lock/process-identity.ts';

const HOLDER = fileURLToPath(new URL('holder.ts', import.meta.url));
const ENDED_PID = 4_194_303;

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-lock-'));
  path = join(folder, 'lock');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function take(waitMs = 5_000, work: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  await withFileLock({ path, purpose: 'testing', waitMs }, work);
}

async function holderProcess(manner: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', HOLDER, path, manner], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('../../../../../', import.meta.url)),
  });
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

async function leftByEndedProcess(): Promise<void> {
  const record = {
    ...(await ownIdentity()),
    pid: ENDED_PID,
    purpose: 'being killed',
    since: '2026-01-01T00:00:00.000Z',
    nonce: 'a'.repeat(32),
  };
  writeFileSync(path, JSON.stringify(record));
}

/** The largest number of workers that were inside at the same time. */
async function crowd(workers: number, rounds: number): Promise<number> {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(1);
    inside -= 1;
  };
  const worker = async (): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      await withFileLock({ path, purpose: 'crowding', waitMs: 30_000 }, work);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return most;
}

describe('a file lock', () => {
  it('names its holder while held, and leaves nothing behind when released', async () => {
    await take(0, async () => {
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid, purpose: 'testing' });
      expect(readdirSync(folder)).toEqual(['lock']);
      await sleep(1);
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is waited for only for a time, and the error names the holder and the file', async () => {
    await take(0, async () => {
      const told: string[] = [];
      const error: unknown = await withFileLock(
        { path, purpose: 'waiting', waitMs: 120, onWait: (holder) => told.push(holder) },
        () => Promise.resolve(),
      ).catch((error_: unknown) => error_);
      expect(error).toBeInstanceOf(StopTheRun);
      expect(error).toMatchObject({ code: 'lock-timeout', message: expect.stringContaining(path) });
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(new RegExp(`^process ${process.pid} on .*testing`));
      expect(readdirSync(folder)).toEqual(['lock']);
    });
  });

  it('lets one process in at a time, and all in the end', async () => {
    expect(await crowd(8, 5)).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is released if the work fails', async () => {
    const failing = withFileLock({ path, purpose: 'failing', waitMs: 0 }, async () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(existsSync(path)).toBe(false);
  });

  it('is not released by its former holder after another process removed and took it', async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let present = Promise.resolve();
    await take(0, async () => {
      rmSync(path);
      present = take(0, () => finished);
      while (!existsSync(path)) await sleep(1);
    });
    expect(existsSync(path)).toBe(true);
    finish();
    await present;
    expect(existsSync(path)).toBe(false);
  });
});

describe('the lock of an ended process', () => {
  it('is taken over at once', async () => {
    await leftByEndedProcess();
    await take(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['', '{', '{"pid":1}', 'null', '\0\0\0\0'])(
    'is taken over if it holds %j instead of a record',
    async (text) => {
      writeFileSync(path, text);
      await take(0);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('is taken over by only one of many processes at a time', async () => {
    for (let round = 0; round < 10; round += 1) {
      await leftByEndedProcess();
      expect(await crowd(8, 1)).toBe(1);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('is taken over even if another process ended while it took it over', async () => {
    await leftByEndedProcess();
    const { nonce, ...record } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(`${path}.${nonce}`, JSON.stringify({ ...record, nonce: 'b'.repeat(32) }));
    await take(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is removed with all files that ended processes left beside it, and no others', async () => {
    await leftByEndedProcess();
    const record = readFileSync(path, 'utf8');
    const others = ['lock.txt', 'other', `lock.${'d'.repeat(32)}.draft`];
    for (const name of others) writeFileSync(join(folder, name), name === 'lock.txt' ? record : '');
    for (const name of [`lock.${'c'.repeat(32)}`, `lock.${'c'.repeat(32)}.draft`])
      writeFileSync(join(folder, name), record);
    await take(0);
    expect(readdirSync(folder).toSorted()).toEqual(others.toSorted());
  });

  it('is taken over after kill -9', async () => {
    const child = await holderProcess('hold');
    await expect(take(50)).rejects.toMatchObject({ code: 'lock-timeout' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await take(1_000);
  });

  it('does not exist after a normal exit', async () => {
    const child = await holderProcess('exit');
    await once(child, 'exit');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the identity of a process', () => {
  it('differs from that of a later process with the same pid', async () => {
    const own = await ownIdentity();
    expect(await hasEnded(own, own)).toBe(false);
    expect(await hasEnded({ ...own, startedAt: `${own.startedAt}0` }, own)).toBe(true);
    expect(await hasEnded({ ...own, startedAt: '' }, own)).toBe(false);
    expect(await hasEnded({ ...own, pid: ENDED_PID }, own)).toBe(true);
  });

  it('is certain about processes from before the machine restarted, and only those', async () => {
    const own = { ...(await ownIdentity()), bootId: 'now', pidNamespace: 'here' };
    expect(await hasEnded({ ...own, bootId: 'before' }, own)).toBe(true);
    expect(await hasEnded({ ...own, bootId: 'before', hostname: 'elsewhere' }, own)).toBe(false);
    expect(await hasEnded({ ...own, pid: ENDED_PID, pidNamespace: 'container' }, own)).toBe(false);
  });

  it('counts a zombie as ended', async (context) => {
    context.skip(process.platform !== 'linux', 'needs /proc');
    // The child ends after sh has become a sleep, which never reaps it.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 30']);
    try {
      const [pid] = await once(parent.stdout, 'data');
      const state = (): string => readFileSync(`/proc/${Number(pid)}/stat`, 'utf8').split(') ')[1] ?? '';
      expect(await isRunning(Number(pid))).toBe(true);
      for (let tries = 0; tries < 200 && !state().startsWith('Z'); tries += 1) await sleep(20);
      expect(state()).toMatch(/^Z/);
      expect(await isRunning(Number(pid))).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
