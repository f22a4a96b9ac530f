import { copyFile, mkdir, truncate } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCopies } from '../support/copies.ts';
import { onClient } from '../support/database.ts';
import { decidedOn } from '../support/decided.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { catalogueOf, copyData, useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { repositoryRoot, startWinnow, type RunningCommand } from '../support/winnow.ts';
import { COPIES, faultsIn, lastLine, SMALL_BATCHES } from './faults-support.ts';

useSharedServer();
const folder = suiteFolder();
const { flags, start, done, untilSomeAreDecided, decisionsOf, expectDecisions } = faultsIn(folder);

let undisturbed: string[] = [];
const expectUndisturbed = (data: string): Promise<void> => expectDecisions(data, undisturbed);

async function crawledCopy(name: string): Promise<string> {
  await copyData(folder.at('crawled'), folder.at(name));
  return name;
}

beforeAll(async () => {
  await makeCopies(folder.at('photos'), COPIES);
  await catalogueOf(folder.at('crawled'));
  await done('crawl', 'crawled', '--from', folder.at('photos'));
  await crawledCopy('undisturbed');
  await done('filter', 'undisturbed');
  undisturbed = await decisionsOf('undisturbed');
}, 240_000);

async function expectSuccess({ result }: RunningCommand): Promise<void> {
  const { code, stderr } = await result;
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
}

async function expectAnotherDecidesAll(data: string, sleeper: RunningCommand): Promise<void> {
  await expectSuccess(start('filter', data));
  expect(await decidedOn(folder.at(data))).toBe(COPIES);
  sleeper.killGroup('SIGCONT');
  await expectSuccess(sleeper);
  await expectUndisturbed(data);
}

describe('a filter that is stopped (SIGSTOP)', () => {
  it('has its photos decided by another one, and does no harm when it wakes', async () => {
    const data = await crawledCopy('stopped');
    const sleeper = start('filter', data);
    await untilSomeAreDecided(data);
    sleeper.killGroup('SIGSTOP');
    await expectAnotherDecidesAll(data, sleeper);
  });

  it('in the middle of a transaction loses its locks, so that another one decides everything', async () => {
    const data = await crawledCopy('stopped-in-transaction');
    const url = await catalogueOf(folder.at(data));
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      // The filter stores evidence first, then decisions: this has it wait between the two.
      await client.query('begin; lock table decision in share mode');
      const sleeper = start('filter', data);
      await untilRow(url, `wait_event_type = 'Lock' and query like '%insert into decision %'`);
      sleeper.killGroup('SIGSTOP');
      await client.query('rollback');
      await untilRow(url, `state = 'idle in transaction' and query like '%insert into decision %'`);
      await expectAnotherDecidesAll(data, sleeper);
    } finally {
      await client.end();
    }
  });
});

/** Waits until pg_stat_activity shows a connection in some state; each look is a new transaction, since one sees one state. */
async function untilRow(url: string, where: string): Promise<void> {
  const connections = `select pid from pg_stat_activity where datname = current_database() and ${where}`;
  await onClient(url, (client) => until(async () => (await client.query(connections)).rowCount !== 0));
}

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
    await expectSuccess(running);
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
