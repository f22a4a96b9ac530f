import { expect, it } from 'vitest';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import { createDatabase, dropDatabase, onServer } from '../support/database.ts';
import { makeCopies } from '../support/copies.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { startPgBouncer, withoutPgBouncer } from '../support/pgbouncer.ts';
import { winnow, withFolder, type CommandResult } from '../support/winnow.ts';

async function behind(
  settings: readonly string[],
  use: (run: (...args: string[]) => Promise<CommandResult>, direct: string) => Promise<void>,
): Promise<void> {
  const direct = await createDatabase('nothing');
  try {
    await withFolder(async (folder) => {
      await makeCopies(`${folder}/photos`, 6);
      const pooler = await startPgBouncer(folder, direct, settings);
      try {
        const flags = ['--collection', ONE_MODEL, '--data', `${folder}/data`];
        const env = { DATABASE_URL: pooler.url };
        await use(
          (...args) => winnow([...args.map((arg) => arg.replace('PHOTOS', `${folder}/photos`)), ...flags], { env }),
          direct,
        );
      } finally {
        await pooler.close();
      }
    });
  } finally {
    await dropDatabase(direct);
  }
}

const IGNORING =
  'ignore_startup_parameters = options,idle_in_transaction_session_timeout,statement_timeout,extra_float_digits';

it.for<[string, string[]]>([
  ['refuses startup parameters', ['pool_mode = session']],
  ['ignores startup parameters', ['pool_mode = session', IGNORING]],
])('a crawl, a filter and a shortlist run behind a pool of sessions that %s', async ([, settings], context) => {
  const missing = withoutPgBouncer();
  context.skip(missing !== null, missing ?? '');
  await behind(settings, async (run, direct) => {
    for (const command of [['crawl', '--from', 'PHOTOS'], ['filter'], ['shortlist'], ['doctor', '--deep']]) {
      const { code, stderr } = await run(...command);
      expect([command[0], code, code === 0 ? '' : stderr]).toEqual([command[0], 0, '']);
    }
    const { totals } = JSON.parse((await run('status', '--json')).stdout) as Funnel;
    expect(totals).toMatchObject({ found: 6, fetched: 6, decided: { undecided: 0 } });
    // The queue's tables are in a schema of their own, as without a pool.
    expect(await onServer(direct, `select count(*) > 0 as there from winnow_queue.migration`)).toEqual([
      { there: true },
    ]);
  });
});

it.for<[string, string[]]>([
  ['its connections', []],
  ['its connections in turn', ['server_round_robin = 1']],
])('a pool that gives transactions %s is refused with one sentence', async ([, more], context) => {
  const missing = withoutPgBouncer();
  context.skip(missing !== null, missing ?? '');
  await behind(['pool_mode = transaction', IGNORING, ...more], async (run, direct) => {
    const { code, stderr } = await run('crawl', '--from', 'PHOTOS');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^winnow: Expected PostgreSQL at \S+ \(from DATABASE_URL\) to keep a session's locks but it is a pool that gives each transaction another connection; .*pool_mode = session.*\n$/,
      ),
    ]);
    expect(await onServer(direct, `select to_regclass('photo') as made`)).toEqual([{ made: null }]);
  });
});
