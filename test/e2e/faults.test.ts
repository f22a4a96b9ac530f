import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { attachEmbedded } from '../../src/core/platform/postgres/embedded/attach.ts';
import { makeCopies } from '../support/copies.ts';
import { untilDecided, untilRow } from '../support/decided.ts';
import { killServerOn, suiteFolder } from '../support/process-tree.ts';
import { restartServer } from '../support/restart-server.ts';
import { silentLog } from '../support/silent-log.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { startWorker, type RunningCommand } from '../support/winnow.ts';
import { COPIES, faultsIn, lastLine, SMALL_BATCHES } from './faults-support.ts';

/** So many that a crawl is in the middle of them while the server is away. */
const MANY = 300;

const folder = suiteFolder();
const { flags, start, done, funnelOf, untilSomeAreDecided, decisionsOf, expectNothingBroken, expectDecisions } =
  faultsIn(folder);

let undisturbed: string[] = [];
const expectUndisturbed = (data: string): Promise<void> => expectDecisions(data, undisturbed);

async function crawledCopy(name: string): Promise<string> {
  await promisify(execFile)('cp', ['-a', `${folder.at('crawled')}/.`, folder.at(name)]);
  return name;
}

beforeAll(async () => {
  await makeCopies(folder.at('photos'), COPIES);
  await makeCopies(folder.at('many'), MANY);
  await done('crawl', 'crawled', '--from', folder.at('photos'));
  await crawledCopy('undisturbed');
  await done('filter', 'undisturbed');
  undisturbed = await decisionsOf('undisturbed');
}, 240_000);

describe('PostgreSQL that is stopped and started again', () => {
  it('is waited for by a filter, which then decides the rest', async () => {
    const data = await crawledCopy('restarted');
    const filter = start('filter', data);
    await untilSomeAreDecided(data);
    await restartServer(folder.at(data), 900);
    const { code, stderr } = await filter.result;
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    await expectUndisturbed(data);
  });

  it('is waited for by a crawl, which then finds and fetches the rest', async () => {
    const crawl = start('crawl', 'crawls', '--from', folder.at('many'), '--json');
    await untilRow(folder.at('crawls'), `select from picture where state = 'fetched' limit 1`);
    await restartServer(folder.at('crawls'), 2_000);
    const { code, stdout, stderr } = await crawl.result;
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(stderr).toContain('PostgreSQL is unreachable; waiting for it');
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, seen: MANY, left: 0, problems: [] });
    await expectNothingBroken('crawls');
    const { found, fetched: stored, waiting } = (await funnelOf('crawls')).totals;
    expect({ found, stored, waiting }).toEqual({ found: MANY, stored: MANY, waiting: 0 });
  });

  it('is waited for by a worker that stays, which goes on by itself', async () => {
    const data = await crawledCopy('served');
    const server = await attachEmbedded({ dataDir: folder.at(data), clientName: 'test', log: silentLog });
    try {
      const env = { ...SMALL_BATCHES, DATABASE_URL: server.url };
      const worker = startWorker('filter', flags(data), { env });
      await untilSomeAreDecided(data);
      await restartServer(folder.at(data), 900);
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

/** The full disk is met first by the store of photos, by a query, or by PostgreSQL as a whole. */
const TOLD_OF_DISK =
  /^winnow: (No room for .*make room on|Expected room for .*[Mm]ake room on|The disk of the catalogue is full: .*Make room on|PostgreSQL is unreachable: .* has \d+\.\d MB left.*Make room on)/;

/** Stops the command while the disk fills up, so that it has work left. All that it writes later finds no room. */
async function fillDisk(disk: string, running: RunningCommand): Promise<void> {
  running.killGroup('SIGSTOP');
  await promisify(execFile)('dd', ['if=/dev/zero', `of=${folder.at(disk, 'ballast')}`, 'bs=1M']).catch(() => null);
  running.killGroup('SIGCONT');
}

describe('a disk that is full', () => {
  it('ends a crawl, which loses nothing and goes on once there is room', async (context) => {
    const disk = mountSmallDisk(context, folder.at('small'), 300);
    const crawl = start('crawl', 'small/data', '--from', folder.at('many'));
    await untilRow(folder.at('small/data'), `select from picture where state = 'fetched' limit 1`);
    await fillDisk('small', crawl);
    const { code, stderr } = await crawl.result;
    // PostgreSQL itself ends where its log has no room.
    expect([code, lastLine(stderr)]).toEqual([1, expect.stringMatching(TOLD_OF_DISK)]);
    disk.resize(500);
    await done('crawl', 'small/data', '--from', folder.at('many'));
    // Bytes come before rows: only now do those have theirs that were stored as the disk became full.
    await expectNothingBroken('small/data');
    const { found, fetched, waiting } = (await funnelOf('small/data')).totals;
    expect({ found, fetched, waiting }).toEqual({ found: MANY, fetched: MANY, waiting: 0 });
  });

  it('ends a filter, which decides nothing without its evidence and goes on once there is room', async (context) => {
    const disk = mountSmallDisk(context, folder.at('filled'), 300);
    await crawledCopy('filled/data');
    const filter = start('filter', 'filled/data');
    await untilSomeAreDecided('filled/data');
    await fillDisk('filled', filter);
    const { code, stderr } = await filter.result;
    expect([code, lastLine(stderr)]).toEqual([1, expect.stringMatching(TOLD_OF_DISK)]);
    await killServerOn(folder.at('filled/data'));
    disk.resize(500);
    await expectNothingBroken('filled/data');
    await done('filter', 'filled/data');
    await expectUndisturbed('filled/data');
  });
});
