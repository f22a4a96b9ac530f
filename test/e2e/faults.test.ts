import { execFile } from 'node:child_process';
import { copyFile, mkdir, truncate } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/decision/decision-line.ts';
import { attachEmbedded } from '../../src/platform/postgres/embedded/attach.ts';
import type { Funnel } from '../../src/funnel/funnel.ts';
import { makeCopies } from '../support/copies.ts';
import { onServer } from '../support/database.ts';
import { decidedOn, untilDecided } from '../support/decided.ts';
import { killServerOn, suiteFolder } from '../support/process-tree.ts';
import { restartServer } from '../support/restart-server.ts';
import { silentLog } from '../support/silent-log.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { jsonLines, repositoryRoot, startWinnow, startWorker, winnow, type RunningCommand } from '../support/winnow.ts';
import { expectFunnelAddsUp } from './funnel-sums.ts';

/** In one thread, and in batches so small that any moment is in the middle of the work. */
const COPIES = 32;
const SMALL_BATCHES = { WINNOW_FILTER_BATCH_PHOTOS: '4', WINNOW_FILTER_THREADS: '1' };

const folder = suiteFolder();

const flags = (data: string): string[] => ['--collection', 'demo', '--data', folder.at(data)];

function start(name: string, data: string, ...args: string[]): RunningCommand {
  return startWinnow([name, ...flags(data), ...args], { env: SMALL_BATCHES });
}

async function done(name: string, data: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await start(name, data, ...args).result;
  expect([name, code, code === 0 ? '' : stderr]).toEqual([name, 0, '']);
  return stdout;
}

async function funnelOf(data: string): Promise<Funnel> {
  return JSON.parse(await done('status', data, '--json')) as Funnel;
}

async function untilSomeAreDecided(data: string): Promise<void> {
  expect(await untilDecided(folder.at(data), 0)).toBeLessThan(COPIES);
}

async function crawledCopy(name: string): Promise<string> {
  await promisify(execFile)('cp', ['-a', `${folder.at('crawled')}/.`, folder.at(name)]);
  return name;
}

async function decisionsOf(data: string): Promise<string[]> {
  const listed = await winnow(['decisions', ...flags(data), '--json']);
  return jsonLines<DecisionLine>(listed.stdout).map(({ sha256, wnid, state, confusion }) =>
    JSON.stringify({ sha256, wnid, state, confusion }),
  );
}

/** What must hold after any fault. A small disk is no fault of what is on it. */
async function expectNothingBroken(data: string): Promise<void> {
  const [doctor, funnel] = await Promise.all([
    winnow(['doctor', '--deep', '--data', folder.at(data), '--json']),
    funnelOf(data),
  ]);
  const findings = JSON.parse(doctor.stdout) as { ok: boolean; name: string }[];
  expect(findings.filter(({ ok, name }) => !ok && name !== 'disk')).toEqual([]);
  expectFunnelAddsUp(funnel);
  expect(funnel.totals.failed).toEqual({});
}

async function expectUndisturbed(data: string): Promise<void> {
  const [decisions] = await Promise.all([decisionsOf(data), expectNothingBroken(data)]);
  expect([undisturbed.length, undisturbed.filter((line) => /undecided|failed/.test(line))]).toEqual([COPIES, []]);
  expect(decisions).toEqual(undisturbed);
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

let undisturbed: string[] = [];

beforeAll(async () => {
  await makeCopies(folder.at('photos'), COPIES);
  await done('crawl', 'crawled', '--from', folder.at('photos'));
  await crawledCopy('undisturbed');
  await done('filter', 'undisturbed');
  undisturbed = await decisionsOf('undisturbed');
}, 240_000);

describe('PostgreSQL that is stopped and started again', () => {
  it('is got over by a filter, or ends it, which says so and goes on where it was when run again', async () => {
    const data = await crawledCopy('restarted');
    const filter = start('filter', data);
    await untilSomeAreDecided(data);
    await restartServer(folder.at(data), 1_500);
    const { code, stderr } = await filter.result;
    // A restart between two of its statements is nothing to it.
    expect(`${code} ${code === 0 ? '' : lastLine(stderr)}`).toMatch(
      /^(0 |1 winnow: Expected PostgreSQL to stay within reach .*; run the command again)/,
    );
    await expectNothingBroken(data);
    await done('filter', data);
    await expectUndisturbed(data);
  });

  it('is waited for by a worker that stays, which goes on by itself', async () => {
    const data = await crawledCopy('served');
    const server = await attachEmbedded({ dataDir: folder.at(data), clientName: 'test', log: silentLog });
    try {
      const env = { ...SMALL_BATCHES, DATABASE_URL: server.url().replace(/&application_name=[^&]*/, '') };
      const worker = startWorker('filter', flags(data), { env });
      await untilSomeAreDecided(data);
      await restartServer(folder.at(data), 1_500);
      await untilDecided(folder.at(data), COPIES - 1);
      worker.killGroup('SIGTERM');
      const { code, stderr } = await worker.result;
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      await expectUndisturbed(data);
    } finally {
      await server.detach();
    }
  });
});

describe('a filter that is stopped (SIGSTOP)', () => {
  it('has its photos decided by another one, and does no harm when it wakes', async () => {
    const data = await crawledCopy('stopped');
    const sleeper = start('filter', data);
    await untilSomeAreDecided(data);
    sleeper.killGroup('SIGSTOP');
    const other = await start('filter', data).result;
    expect([other.code, other.code === 0 ? '' : other.stderr]).toEqual([0, '']);
    expect(await decidedOn(folder.at(data))).toBe(COPIES);
    sleeper.killGroup('SIGCONT');
    const { code, stderr } = await sleeper.result;
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    await expectUndisturbed(data);
  });

  it('in the middle of a transaction loses its locks, so that another one decides everything', async () => {
    const data = await crawledCopy('stopped-in-transaction');
    const server = await attachEmbedded({ dataDir: folder.at(data), clientName: 'test', log: silentLog });
    const client = new Client({ connectionString: server.url() });
    try {
      await client.connect();
      // The filter stores evidence first, then decisions: this has it wait between the two.
      await client.query('begin; lock table decision in share mode');
      const sleeper = start('filter', data);
      await untilRow(server.url(), `wait_event_type = 'Lock' and query like 'insert into "decision"%'`);
      sleeper.killGroup('SIGSTOP');
      await client.query('rollback');
      await untilRow(server.url(), `state = 'idle in transaction' and query like 'insert into "decision"%'`);
      const other = await start('filter', data).result;
      expect([other.code, other.code === 0 ? '' : other.stderr]).toEqual([0, '']);
      expect(await decidedOn(folder.at(data))).toBe(COPIES);
      sleeper.killGroup('SIGCONT');
      const { code, stderr } = await sleeper.result;
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      await expectUndisturbed(data);
    } finally {
      await client.end();
      await server.detach();
    }
  });
});

/** Waits until pg_stat_activity shows a connection in some state; each look is a new transaction, since one sees one state. */
async function untilRow(url: string, where: string): Promise<void> {
  for (const deadlineMs = performance.now() + 60_000; performance.now() < deadlineMs; await sleep(50)) {
    if ((await onServer(url, `select pid from pg_stat_activity where ${where}`)).length > 0) return;
  }
  throw new Error(`Expected a connection with ${where} within a minute`);
}

/** Whoever meets it first: what stores photos, a query, or PostgreSQL as a whole. */
const TOLD_OF_DISK = /^winnow: Expected (room for .*|PostgreSQL to stay .* has \d+\.\d MB left.*)make room on/;

describe('a disk that is full', () => {
  it('ends a crawl, which loses nothing and goes on once there is room', async (context) => {
    const disk = mountSmallDisk(context, folder.at('small'), 60);
    await makeCopies(folder.at('many'), 1_500);
    const { code, stderr } = await start('crawl', 'small/data', '--from', folder.at('many')).result;
    // PostgreSQL itself ends where its log has no room.
    expect([code, lastLine(stderr)]).toEqual([1, expect.stringMatching(TOLD_OF_DISK)]);
    disk.resize(300);
    await done('crawl', 'small/data', '--from', folder.at('many'));
    // Bytes come before rows: only now do those have theirs that were stored as the disk became full.
    await expectNothingBroken('small/data');
    const { found, fetched, waiting } = (await funnelOf('small/data')).totals;
    expect({ found, fetched, waiting }).toEqual({ found: 1_500, fetched: 1_500, waiting: 0 });
  });

  it('ends a filter, which decides nothing without its evidence and goes on once there is room', async (context) => {
    const disk = mountSmallDisk(context, folder.at('filled'), 300);
    await crawledCopy('filled/data');
    const filter = start('filter', 'filled/data');
    await untilSomeAreDecided('filled/data');
    // Nothing that is written from now on has a place.
    await promisify(execFile)('dd', ['if=/dev/zero', `of=${folder.at('filled/ballast')}`, 'bs=1M']).catch(() => null);
    const { code, stderr } = await filter.result;
    expect([code, lastLine(stderr)]).toEqual([1, expect.stringMatching(TOLD_OF_DISK)]);
    await killServerOn(folder.at('filled/data'));
    disk.resize(500);
    await expectNothingBroken('filled/data');
    await done('filter', 'filled/data');
    await expectUndisturbed('filled/data');
  });
});

describe('a model file that is cut off', () => {
  it('is never run: a filter that has loaded it ends well, the next one says what is wrong and decides nothing', async () => {
    const cwd = folder.at('project');
    const [card, model] = ['config/models/efficientnet-lite0.yaml', 'assets/models/efficientnet-lite0.onnx'];
    for (const file of [card, model]) {
      await mkdir(path.dirname(path.join(cwd, file)), { recursive: true });
      await copyFile(path.join(repositoryRoot, file), path.join(cwd, file));
    }
    const filter = (data: string): RunningCommand =>
      startWinnow(['filter', ...flags(data)], { cwd, env: SMALL_BATCHES });
    const during = await crawledCopy('cut-during');
    const running = filter(during);
    await untilSomeAreDecided(during);
    await truncate(path.join(cwd, model), 1_000_000);
    const ended = await running.result;
    expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
    await expectUndisturbed(during);
    const before = await crawledCopy('cut-before');
    const { code, stderr } = await filter(before).result;
    expect([code, lastLine(stderr)]).toEqual([
      1,
      expect.stringMatching(/efficientnet-lite0\.onnx' but its 1000000 bytes have .*: the file is damaged/),
    ]);
    expect(await decidedOn(folder.at(before))).toBe(0);
    await copyFile(path.join(repositoryRoot, model), path.join(cwd, model));
    expect((await filter(before).result).code).toBe(0);
    await expectUndisturbed(before);
  });
});
