import { existsSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { makeCopies } from '../support/copies.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { restartServer } from '../support/restart-server.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { startWinnow, startWorker, winnow, type RunningCommand } from '../support/winnow.ts';

const PHOTOS = 24;
/** A busy machine takes many seconds to start three commands. */
const START_LIMIT_MS = 100_000;
const folder = suiteFolder();
const flags = (): string[] => ['--collection', ONE_MODEL, '--data', folder.at('data')];

function heard({ child }: RunningCommand): () => string {
  let text = '';
  child.stderr?.on('data', (more: string) => (text += more));
  return () => text;
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow([...args, '--data', folder.at('data')]);
  expect([args, code, code === 0 ? '' : stderr]).toEqual([args, 0, '']);
  return stdout;
}

describe('a paused stage', { timeout: 400_000 }, () => {
  beforeAll(async () => {
    await makeCopies(folder.at('photos'), PHOTOS);
    await winnow(['crawl', ...flags(), '--from', folder.at('photos')]);
  }, 120_000);

  it('waits and says why, also in commands that start later, and goes on when the pause ends', async () => {
    const why =
      /filter is paused since \d\d:\d\d by \S+@\S+ \((winnow|node \S+) unpause (--data \S+ )?filter ends that\)/;
    const paused = await done('pause', 'filter');
    const worker = startWorker('filter', flags());
    const filter = startWinnow(['filter', ...flags()]);
    const run = startWinnow(['run', ...flags(), '--from', folder.at('photos')]);
    for (const text of [worker, filter, run].map(heard))
      await vi.waitUntil(() => why.test(text()), { timeout: START_LIMIT_MS });
    run.child.kill('SIGINT');
    const drained = await done('pause', 'filter', '--end-workers', '--wait');
    const codes = [(await worker.result).code, (await run.result).code, filter.child.exitCode];
    const status = await done('status', '--collection', ONE_MODEL);
    const unpaused = [await done('unpause', 'all'), await done('unpause', 'filter')];
    const { code, stdout } = await filter.result;
    expect([paused, drained, codes, status, unpaused, code]).toEqual([
      expect.stringMatching(new RegExp(`^${why.source}: draining\\n$`)),
      expect.stringMatching(/drained, nothing is in flight\n$/),
      [0, 130, null],
      expect.stringMatching(new RegExp(`${why.source}: drained, nothing is in flight\\n`)),
      ['ended the pause of filter\ndiscover and fetch had no such pause\n', 'filter had no such pause\n'],
      0,
    ]);
    expect(stdout).toMatch(new RegExp(`^decided ${PHOTOS} photos`));
    expect(JSON.parse(await done('status', '--collection', ONE_MODEL, '--json'))).toMatchObject({
      totals: { decided: { undecided: 0 } },
      pauses: [],
    });
  });

  it('keeps a worker waiting that starts during the pause: its heartbeat goes on, also after a restart of PostgreSQL', async () => {
    await done('pause', 'filter');
    const heartbeat = folder.at('heartbeat');
    const worker = startWorker('filter', flags(), { env: { WINNOW_WORKERS_HEARTBEAT_FILE: heartbeat } });
    const text = heard(worker);
    await vi.waitUntil(() => existsSync(heartbeat), { timeout: START_LIMIT_MS });
    // Longer than the worker waits between two looks at the pauses.
    await restartServer(folder.at('data'), 5_000);
    const backMs = Date.now();
    await vi.waitUntil(() => (statSync(heartbeat, { throwIfNoEntry: false })?.mtimeMs ?? 0) > backMs, {
      timeout: START_LIMIT_MS,
    });
    expect(text()).toContain('PostgreSQL is unreachable; waiting for it');
    const drained = await done('pause', 'filter', '--end-workers', '--wait');
    expect([(await worker.result).code, drained]).toEqual([
      0,
      expect.stringMatching(/drained, nothing is in flight\n$/),
    ]);
    await done('unpause', 'all');
  });
});
