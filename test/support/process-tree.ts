import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';

type FolderProcess = { readonly pid: number; readonly command: string };

/**
 * The processes whose working folder is below a folder or whose command line names it: an embedded server works in
 * its cluster. Read from /proc, so empty on systems without it.
 */
export async function processesOn(folder: string): Promise<FolderProcess[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => processOn(pid, folder)));
  return found.filter((process) => process !== null);
}

async function processOn(pid: number, folder: string): Promise<FolderProcess | null> {
  if (pid === process.pid) return null;
  // The process may have ended, or may belong to another user.
  const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
  // esbuild builds the pages for all files of this process, in the folder that was the first one's.
  if (command.includes('/esbuild --service')) return null;
  return `${workingFolder}/`.startsWith(`${folder}/`) || command.includes(folder) ? { pid, command } : null;
}

/** Kills the PostgreSQL server of a data folder, as when a machine runs out of memory. */
export async function killServerOn(folder: string): Promise<void> {
  for (const { pid, command } of await processesOn(folder)) {
    if (/\/postgres\b.* -D /.test(command)) kill(pid);
  }
}

/**
 * The end of a command whose server was stopped or killed. `went on`: the server was back before the command needed it. `told`:
 * it failed, said why, and how to resume. Otherwise its exit code and its last line.
 */
export function endAfterKill({ code, stderr }: { readonly code: number | null; readonly stderr: string }): string {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  if (code === 0) return 'went on';
  const isTold = code === 1 && /^winnow: PostgreSQL is unreachable: .*\. Run the command again/.test(last);
  return isTold ? 'told' : `${code}: ${last}`;
}

/** Kills everything that works on a folder, the server too. */
export async function killAllOn(folder: string): Promise<void> {
  for (const { pid } of await processesOn(folder)) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** Peak resident memory of a running process in bytes (VmHWM), or null where /proc does not tell. */
export async function peakMemoryBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

const GRACE_MS = 10_000;

/**
 * A folder for the tests of one file. At their end no process may be left at work on it, whatever the tests killed;
 * then it is removed.
 */
export function suiteFolder(): { at(...names: string[]): string } {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'winnow-e2e-'));
  });
  afterAll(async () => {
    const left = await leftAfterGrace(root);
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    await rm(root, { recursive: true, force: true });
    expect(left, 'processes left at work on the data folders of this file').toEqual([]);
  });
  return { at: (...names) => path.join(root, ...names) };
}

/** The processes that still run after the grace period. */
async function leftAfterGrace(folder: string): Promise<FolderProcess[]> {
  const deadlineMs = performance.now() + GRACE_MS;
  for (;;) {
    const left = await processesOn(folder);
    if (left.length === 0 || performance.now() > deadlineMs) return left;
    await sleep(100);
  }
}
