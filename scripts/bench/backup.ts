import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import type { BackedUp } from '../../src/keep/backup.process.ts';
import type { Workspace } from '../../src/core/models/workspace/workspace.process.ts';
import { makeCopies } from '../../test/support/copies.ts';
import { COLLECTION, makeAccepted } from './accepted-set.ts';
import { photosToServe } from './photos.ts';
import { hostOfRun, writeReport } from './report.ts';
import { runProgram, type ProgramRun } from './run-program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = path.join(ROOT, 'src', 'cli', 'winnow.cjs');

export interface BackupBench {
  /** Accepted photos with evidence and verdicts. */
  readonly photos: number;
  /** Photos of the samples' classes that a crawl is given before the last backup. It takes those of the collection's classes. */
  readonly added: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

interface Result {
  readonly step: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  /** Added to the backup: photos and the compressed catalogue. Null for a restore. */
  readonly copiedPhotos: number | null;
  readonly photoMegabytes: number | null;
  readonly catalogueMegabytes: number | null;
}

/** Backs a data folder up: for the first time, again at once, and again after a small crawl. Then restores it. */
export async function benchBackup({ photos, added, out, signal }: BackupBench): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-bench-backup-'));
  const at = (name: string): string => path.join(folder, name);
  const results: Result[] = [];
  const run = async (...args: string[]): Promise<ProgramRun> =>
    runProgram({ name: 'winnow', command: [process.execPath, PROGRAM, ...args, '--json'], cwd: ROOT, signal });
  const measure = async (step: string, ...args: string[]): Promise<void> => {
    const ended = await run(...args);
    const result = resultOf(step, ended, args[0] === 'backup');
    results.push(result);
    console.log(JSON.stringify(result));
  };
  try {
    await makeAccepted(at('data'), { photos, pictures: await photosToServe(0), more: makeRealistic });
    const backup = ['backup', at('backup'), '--data', at('data')];
    await measure('first backup', ...backup);
    await measure('second backup, nothing new', ...backup);
    await makeCopies(at('more'), added);
    await run('crawl', '--collection', COLLECTION, '--data', at('data'), '--source', 'folder', '--from', at('more'));
    await measure('backup after a crawl', ...backup);
    await measure('restore', 'restore', at('backup'), '--data', at('restored'));
    await writeReport(out, { benchmark: 'backup', host: hostOfRun(), photos, added, results });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Photos are made without their real sizes, and with logits that a compressor shrinks to nothing. */
async function makeRealistic({ app }: Workspace): Promise<void> {
  const hashes: string[] = [];
  const sizes: number[] = [];
  for await (const { sha256, bytes } of app.blobs.list()) {
    hashes.push(sha256 ?? '');
    sizes.push(bytes);
  }
  await sql`
    update photo f set bytes = given.bytes from unnest(${hashes}::text[], ${sizes}::bigint[]) as given(hex, bytes)
    where f.sha256 = decode(given.hex, 'hex')`.execute(app.db);
  // Bytes as random as those of logits: 25 hashes for 200 classes.
  await sql`
    update evidence e set logits = (
      select string_agg(sha256(convert_to(concat_ws(' ', e.photo_id, e.member_id, e.crop, i), 'UTF8')), '')
      from generate_series(1, length(e.logits) / 32) as i)`.execute(app.db);
}

function resultOf(step: string, { startedAtMs, endedAtMs, used, stdout }: ProgramRun, isBackup: boolean): Result {
  const group = used.groups.get('winnow');
  const copied: BackedUp['copied'] | null = isBackup ? JSON.parse(stdout).copied : null;
  return {
    step,
    seconds: (endedAtMs - startedAtMs) / 1_000,
    cpuSeconds: (group?.cpu.user ?? 0) + (group?.cpu.system ?? 0),
    peakMegabytes: (group?.peakBytes ?? 0) / 1e6,
    copiedPhotos: copied?.photos ?? null,
    photoMegabytes: copied === null ? null : copied.bytes / 1e6,
    catalogueMegabytes: copied === null ? null : copied.catalogueBytes / 1e6,
  };
}
