import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import * as z from 'zod';
import { codeOf } from '../../kernel/errors.ts';

/** Identifies a process even if its pid is reused. Texts are empty where the platform does not provide them. */
export const identitySchema = z.object({
  pid: z.int().positive(),
  /** Linux: clock ticks since boot (proc(5), `stat` field 22). Elsewhere: `ps -o lstart` in UTC. */
  startedAt: z.string(),
  hostname: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
});
export type ProcessIdentity = Readonly<z.infer<typeof identitySchema>>;

const PS_TIMEOUT_MS = 5_000;

export async function ownIdentity(): Promise<ProcessIdentity> {
  const [startedAt, bootId, pidNamespace] = await Promise.all([
    startTimeOf(process.pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return { pid: process.pid, startedAt: startedAt ?? '', hostname: hostname(), bootId: bootId.trim(), pidNamespace };
}

/** True if `other` has certainly ended. A process on another machine or in another container cannot be looked up. */
export async function hasEnded(other: ProcessIdentity, own: ProcessIdentity): Promise<boolean> {
  if (other.bootId !== own.bootId) return other.hostname === own.hostname;
  if (own.bootId === '' && other.hostname !== own.hostname) return false;
  if (other.pidNamespace !== own.pidNamespace) return false;
  const startedAt = await startTimeOf(other.pid);
  if (startedAt === undefined) return true;
  return startedAt !== '' && other.startedAt !== '' && startedAt !== other.startedAt;
}

/** False for a zombie, which has ended and waits to be reaped. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await startTimeOf(pid)) !== undefined;
}

/** Undefined if the process has ended. Empty if it exists but its start time cannot be read. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  if (!pidExists(pid)) return undefined;
  if (process.platform === 'linux') return linuxStartTime(pid);
  return process.platform === 'win32' ? '' : psStartTime(pid);
}

function pidExists(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

async function linuxStartTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  // A killed process shows as a zombie while threads other than its first still finish a system call.
  const threads = Number(fields[17] ?? 1);
  return (state === 'Z' || state === 'X') && threads <= 1 ? undefined : (fields[19] ?? '');
}

async function psStartTime(pid: number): Promise<string> {
  const env = { LC_ALL: 'C', TZ: 'UTC', PATH: '/bin:/usr/bin' };
  return promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env, timeout: PS_TIMEOUT_MS }).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
}
