import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf } from '../../../kernel/errors.ts';
import { isRunning } from '../../lock/process-identity.ts';
import type { Layout } from './layout.ts';

/** What a server says of itself in `postmaster.pid` (lines 1, 4 and 6; src/include/utils/pidfile.h of PostgreSQL). */
export interface Postmaster {
  readonly pid: number;
  /** Undefined while it is just starting, and if it listens on a Unix socket only. */
  readonly port: number | undefined;
}

const PS_TIMEOUT_MS = 5_000;

/**
 * The server that runs on this cluster. Undefined if there is none: a pid file stays behind when a server is killed or
 * the machine loses power, and its pid may since have gone to another program.
 */
export async function runningPostmaster(layout: Layout): Promise<Postmaster | undefined> {
  const { pid, port } = await readPidFile(layout);
  if (!(await isRunning(pid)) || !(await worksOn(pid, layout.cluster))) return undefined;
  return { pid, port };
}

/**
 * Removes a pid file that would keep a server from starting although none runs: an empty one, and one whose pid has
 * gone to another program. One whose process has ended is left to PostgreSQL, which finds by it what that server left
 * in shared memory.
 */
export async function removeMisleadingPidFile(layout: Layout): Promise<void> {
  const { pid } = await readPidFile(layout);
  if (Number.isNaN(pid) || (await isRunning(pid))) await rm(pidFileOf(layout), { force: true });
}

async function readPidFile(layout: Layout): Promise<Postmaster> {
  const text = await readFile(pidFileOf(layout), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  // PostgreSQL's single-user mode writes its pid with a minus sign.
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  const port = Number.parseInt(lines[3] ?? '', 10);
  const listens = (lines[5] ?? '').trim() !== '';
  return { pid, port: listens && port > 0 ? port : undefined };
}

function pidFileOf(layout: Layout): string {
  return join(layout.cluster, 'postmaster.pid');
}

/** Whether that process is a PostgreSQL of this cluster. */
async function worksOn(pid: number, cluster: string): Promise<boolean> {
  if (process.platform === 'linux') return linuxWorksOn(pid, cluster);
  if (process.platform === 'win32') return true;
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)], {
    timeout: PS_TIMEOUT_MS,
  }).catch(() => ({ stdout: 'postgres' }));
  return stdout.includes('postgres');
}

/** A server's working directory is its cluster. Where that cannot be read, only the cluster's owner can run it. */
async function linuxWorksOn(pid: number, cluster: string): Promise<boolean> {
  const ours = await stat(cluster);
  try {
    const theirs = await stat(`/proc/${pid}/cwd`);
    return theirs.ino === ours.ino && theirs.dev === ours.dev;
  } catch {
    return stat(`/proc/${pid}`).then(
      ({ uid }) => uid === ours.uid,
      () => isRunning(pid),
    );
  }
}
