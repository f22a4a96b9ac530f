import { execFile } from 'node:child_process';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isRunning } from '../../lock/process-identity.ts';
import { readIfThere } from './cluster.ts';
import type { Layout } from './layout.ts';

/** A server's `postmaster.pid` (lines 1, 4 and 6; src/include/utils/pidfile.h of PostgreSQL). */
export interface Postmaster {
  readonly pid: number;
  /** Undefined while the server starts, and if it listens only on a Unix socket. */
  readonly port: number | undefined;
}

const PS_TIMEOUT_MS = 5_000;

/** A pid file remains after a kill or a power cut, and its pid may belong to another program by now. */
export async function runningPostmaster(layout: Layout): Promise<Postmaster | undefined> {
  const { pid, port } = await readPidFile(layout);
  if (!(await isRunning(pid)) || !(await worksOn(pid, layout.cluster))) return undefined;
  return { pid, port };
}

/** Removes a pid file that would prevent a start. That of an ended process stays: it tells of shared memory. */
export async function removeMisleadingPidFile(layout: Layout): Promise<void> {
  const { pid } = await readPidFile(layout);
  if (Number.isNaN(pid) || (await isRunning(pid))) await rm(pidFileOf(layout), { force: true });
}

async function readPidFile(layout: Layout): Promise<Postmaster> {
  const lines = ((await readIfThere(pidFileOf(layout))) ?? '').split('\n');
  // PostgreSQL's single-user mode writes its pid with a minus sign.
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  const port = Number.parseInt(lines[3] ?? '', 10);
  const listens = (lines[5] ?? '').trim() !== '';
  return { pid, port: listens && port > 0 ? port : undefined };
}

function pidFileOf(layout: Layout): string {
  return join(layout.cluster, 'postmaster.pid');
}

async function worksOn(pid: number, cluster: string): Promise<boolean> {
  if (process.platform === 'linux') return linuxWorksOn(pid, cluster);
  if (process.platform === 'win32') return true;
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)], {
    timeout: PS_TIMEOUT_MS,
  }).catch(() => ({ stdout: 'postgres' }));
  return stdout.includes('postgres');
}

/** A server's working directory is its cluster. If that cannot be read, only the cluster's owner can run the server. */
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
