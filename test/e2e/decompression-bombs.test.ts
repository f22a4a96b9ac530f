import { appendFile, mkdir, readdir, readlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { photoColumns } from '../../src/core/export/select/photo-row.ts';
import type { Verification } from '../../src/core/export/verify/findings.ts';
import { blackPng } from '../support/bombs.ts';
import { HOSTILE, hostileParquet } from '../support/hostile-parquet.ts';
import { makeExport } from '../support/made-export.ts';
import { peakMemoryBytes, suiteFolder } from '../support/process-tree.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { setFlags, startWinnow } from '../support/winnow.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const folder = suiteFolder();

/** The most that is accepted: 13,377 x 13,377 pixels, 537 MB decoded, in 22 kB. Each a little smaller than the one before. */
const LARGEST_SIDE = 13_377;
const BOMBS = 3;
/** One decoded picture, and the program with its models on four threads. */
const MOST_BYTES = 3 * LARGEST_SIDE ** 2 + 1e9;
const MORE_THAN_CORES = { 'fetch.connections': 32, 'filter.threads': 4 };

async function peakOf(command: string, args: readonly string[]): Promise<Peak> {
  await catalogueOf(folder.at('data'));
  return peakOfRun([command, '--collection', ONE_MODEL, '--data', folder.at('data'), ...args]);
}

interface Peak {
  readonly code: number | null;
  readonly stdout: string;
  readonly peakBytes: number;
}

async function peakOfRun(args: readonly string[]): Promise<Peak> {
  const run = startWinnow([...args, ...setFlags(MORE_THAN_CORES)]);
  let peakBytes = 0;
  while (run.child.exitCode === null && run.child.signalCode === null) {
    peakBytes = Math.max(peakBytes, (await peakMemoryBytes(run.child.pid ?? 0)) ?? 0);
    await sleep(20);
  }
  const { code, stdout, stderr } = await run.result;
  if (code !== 0) console.log(stderr);
  return { code, stdout, peakBytes };
}

describe('photos of 22 kB that decode to half a gigabyte', () => {
  it('take the memory of one at a time, whatever the number of connections and threads', async (context) => {
    if ((await peakMemoryBytes(process.pid)) === null) context.skip('/proc tells no peak of memory here');
    await mkdir(folder.at('photos', 'n02268443'), { recursive: true });
    for (let i = 0; i < BOMBS; i += 1)
      await writeFile(folder.at('photos', 'n02268443', `${i}.png`), await blackPng(LARGEST_SIDE - i));
    const crawl = await peakOf('crawl', ['--from', folder.at('photos')]);
    const filter = await peakOf('filter', []);
    console.log(`peak of crawl ${crawl.peakBytes / 1e6} MB, of filter ${filter.peakBytes / 1e6} MB`);
    expect([crawl.code, filter.code]).toEqual([0, 0]);
    expect(crawl.peakBytes).toBeGreaterThan(3 * LARGEST_SIDE ** 2);
    expect(crawl.peakBytes).toBeLessThan(MOST_BYTES);
    expect(filter.peakBytes).toBeLessThan(MOST_BYTES);
  });
});

describe('an export with a Parquet file of some kB that takes gigabytes to read as a whole', () => {
  it.for(HOSTILE)('does not pass, and takes no more memory than another: %s', async (kind, context) => {
    if ((await peakMemoryBytes(process.pid)) === null) context.skip('/proc tells no peak of memory here');
    const root = folder.at(kind);
    await makeExport(root, { formats: ['parquet'] });
    const whole = await peakOfRun(['verify', root, '--sample', '0', '--json']);
    expect(whole).toMatchObject({ code: 0 });
    const columns = photoColumns({ hasAlso: true, hasSearchedWnid: false }).map(({ name }) => name);
    const others = columns.filter((name) => name !== 'tags');
    const file = hostileParquet({ kind, rows: 5, count: 300_000_000, column: 'tags', others });
    await writeFile(path.join(root, 'data/test-00000-of-00001.parquet'), file);
    const hostile = await peakOfRun(['verify', root, '--sample', '0', '--json']);
    console.log(
      `${kind}: ${file.length} bytes, peak ${hostile.peakBytes / 1e6} MB instead of ${whole.peakBytes / 1e6} MB`,
    );
    const { breaches } = JSON.parse(hostile.stdout) as Verification;
    expect(hostile.code).toBe(1);
    expect(breaches).toContainEqual(expect.objectContaining({ check: 'parquet' }));
    expect(hostile.peakBytes).toBeLessThan(whole.peakBytes + 100e6);
  });
});

/** Resolves once a process has a file open. */
async function isReading(pid: number, file: string): Promise<void> {
  for (;;) {
    const numbers = await readdir(`/proc/${pid}/fd`);
    const names = await Promise.all(numbers.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    if (names.includes(file)) return;
    await sleep(20);
  }
}

it('Ctrl-C ends verify in the middle of a file of a terabyte', async (context) => {
  if (process.platform !== 'linux') context.skip('needs /proc');
  const root = folder.at('terabyte');
  await makeExport(root);
  await writeFile(path.join(root, 'large'), '');
  await truncate(path.join(root, 'large'), 2 ** 40);
  await appendFile(path.join(root, 'SHA256SUMS'), `${'0'.repeat(64)}  large\n`);
  const run = startWinnow(['verify', root, '--sample', '0']);
  await isReading(run.child.pid ?? 0, path.join(root, 'large'));
  run.child.kill('SIGINT');
  expect(await run.result).toMatchObject({ code: 130 });
});
