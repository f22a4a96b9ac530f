import { jsonOf } from '../../kernel/json.ts';
import { randomBytes } from 'node:crypto';
import { readFileSync, unlinkSync } from 'node:fs';
import { chmod, link, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { StopTheRun, UsageError, codeOf, throwIfInterrupted, unlessCode } from '../../kernel/errors.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { hasEnded, identitySchema, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/*
 * A lock between processes of one machine: a small file that names its holder.
 *
 * Taking. The record is written completely to a separate file, then link(2) gives it the lock's name. link fails if the
 * name exists, so one of several processes wins, and no reader ever sees half a record.
 *
 * Taking over. The lock of an ended process must be replaced, but "remove it, then take it" would let a slow process remove
 * the lock that a fast one has just taken. So the right to replace the lock with nonce N is itself a lock, the claim
 * `<path>.N`. The process that has linked the claim reads the lock again. If the lock still holds N, the process renames
 * the claim over it. Only the claim's owner may replace N, and an ended holder releases nothing, so the lock cannot change
 * between the read and the rename. A claim whose owner has ended is taken over in the same way. The next holder removes
 * files that killed processes left beside the lock: while it holds the lock, claims to replace any other nonce are void.
 *
 * An unreadable record (power loss, a manual edit) counts as that of an ended process, because no living process can have
 * written it. A holder on another machine or in another container cannot be examined and counts as alive.
 */

export interface FileLockOptions {
  /** The lock file. Its folder exists and is writable by its users only. */
  readonly path: string;
  /** The holder's work, for the message of a waiting process: "attaching to PostgreSQL". */
  readonly purpose: string;
  readonly waitMs: number;
  /** Called once if the lock is held, with a sentence that names the holder. */
  readonly onWait?: (holder: string) => void;
  /** Ends the wait. It does not end the work. */
  readonly signal?: AbortSignal | undefined;
}

const recordSchema = identitySchema.extend({
  purpose: z.string(),
  since: z.string(),
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
});
type LockRecord = z.infer<typeof recordSchema>;

interface Found {
  readonly nonce: string;
  /** Absent if the file does not hold a readable record. */
  readonly record?: LockRecord;
}

const POLL_MS = { min: 15, spread: 35 } as const;
const REMAINS = /\.[0-9a-f]{32}(?:\.draft)?$/;
const NO_HARD_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Runs `work` while it holds the lock. Waits up to `waitMs` for a living holder. The lock is also released when the process exits
 * normally (including `process.exit`). After a kill the next process takes it over at once.
 *
 * @throws StopTheRun `lock-timeout`, which names the holder; Interrupted while it waits; UsageError `lock-unsupported` on a file system without hard
 * links; system errors of the folder (`ENOENT`, `EACCES`, `EROFS`, `ENOSPC`) unchanged
 */
export async function withFileLock<T>(options: FileLockOptions, work: () => Promise<T>): Promise<T> {
  const { path, purpose } = options;
  const own = await ownIdentity();
  const nonce = randomBytes(16).toString('hex');
  const record: LockRecord = { ...own, purpose, since: new Date().toISOString(), nonce };
  const draft = `${path}.${nonce}.draft`;
  try {
    await writeFile(draft, `${JSON.stringify(record)}\n`, { flag: 'wx' });
    await chmod(draft, 0o644);
    await takeWithin(options, { draft, own });
  } finally {
    await rm(draft, { force: true });
  }
  const release = (): void => releaseOwn(path, nonce);
  process.on('exit', release);
  try {
    await removeRemains(path, own);
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

interface Taker {
  readonly draft: string;
  readonly own: ProcessIdentity;
}

async function takeWithin(options: FileLockOptions, taker: Taker): Promise<void> {
  const deadlineMs = performance.now() + options.waitMs;
  let announced = false;
  for (;;) {
    const holder = await take(options.path, taker);
    if (holder === undefined) return;
    throwIfInterrupted(options.signal);
    if (performance.now() >= deadlineMs) throw lockTimeout(options, holder);
    if (!announced) options.onWait?.(describe(holder));
    announced = true;
    await sleep(POLL_MS.min + Math.random() * POLL_MS.spread);
  }
}

/** Undefined if we now hold `path`; otherwise the living holder. */
async function take(path: string, taker: Taker): Promise<LockRecord | undefined> {
  for (;;) {
    if (await linkIfAbsent(taker.draft, path)) return undefined;
    const found = await readLock(path);
    if (found === undefined) continue;
    if (found.record !== undefined && !(await hasEnded(found.record, taker.own))) return found.record;
    const claim = `${path}.${found.nonce}`;
    const claimant = await take(claim, taker);
    if (claimant !== undefined) return claimant;
    if ((await readLock(path))?.nonce === found.nonce) {
      await rename(claim, path);
      return undefined;
    }
    await rm(claim, { force: true });
  }
}

async function removeRemains(path: string, own: ProcessIdentity): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(`${basename(path)}.`) || !REMAINS.test(name)) continue;
    const file = join(dirname(path), name);
    const record = parseRecord(await readFile(file, 'utf8').catch(() => ''));
    if (record !== undefined && (await hasEnded(record, own))) await rm(file, { force: true });
  }
}

async function linkIfAbsent(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    if (code === undefined || !NO_HARD_LINKS.has(code)) throw error;
    throw new UsageError(
      `Expected a file system with hard links for the lock '${path}' but link() failed with ${code}; ` +
        'put the folder on a local disk that has them',
      { code: 'lock-unsupported', cause: error },
    );
  }
}

async function readLock(path: string): Promise<Found | undefined> {
  const found = await unlessCode(Promise.all([readFile(path, 'utf8'), stat(path)]), 'ENOENT');
  if (found === undefined) return undefined;
  const [text, { ino, mtimeMs }] = found;
  const record = parseRecord(text);
  if (record !== undefined) return { nonce: record.nonce, record };
  return { nonce: sha256Of(`${ino} ${mtimeMs} ${text}`).slice(0, 32) };
}

function parseRecord(text: string): LockRecord | undefined {
  return recordSchema.safeParse(jsonOf(text)).data;
}

/** Synchronous, because no asynchronous code runs at exit. The lock of a living holder is never replaced. */
function releaseOwn(path: string, nonce: string): void {
  try {
    if (parseRecord(readFileSync(path, 'utf8'))?.nonce === nonce) unlinkSync(path);
  } catch {
    // The folder is gone or not writable. Then there is nothing to release, or the next process takes the lock over.
  }
}

function describe(holder: LockRecord): string {
  return `process ${holder.pid} on ${holder.hostname} (${holder.purpose}, since ${holder.since})`;
}

function lockTimeout(options: FileLockOptions, holder: LockRecord): StopTheRun {
  return new StopTheRun(
    `Expected the lock '${options.path}' to become free within ${options.waitMs / 1000} s but ${describe(holder)} ` +
      'holds it; wait for that process or end it, and delete the file only if no such process exists any more',
    { code: 'lock-timeout' },
  );
}
