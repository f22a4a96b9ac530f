import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { attachEmbedded } from '../../../../../src/core/platform/postgres/embedded/attach.ts';
import { MIGRATIONS } from '../../../../../src/core/platform/postgres/migrations/index.ts';
import { openPool } from '../../../../../src/core/platform/postgres/open-database.ts';
import { KNOWN_SCHEMA } from '../../../../../src/core/platform/postgres/schema.ts';
import { makeOlderSchema, OLDER_SCHEMA as OLDER } from '../../../../support/older-schema.ts';
import { query } from './query.ts';
import {
  attachHere,
  copyOf,
  OtherProcess,
  recordingLog,
  serversIn,
  useClients,
  useFolder,
  useTemplate,
} from './support.ts';

const template = useTemplate();
useClients();
const folder = useFolder();

const pool = { applicationName: 'test', poolSize: 1, onConnectionLost: () => undefined };

/** The template has an older catalogue from now on: a table more, which the upgrade must keep. */
beforeAll(async () => {
  const postgres = await attachHere(template.dataDir);
  const db = openPool({ ...pool, url: postgres.url });
  await makeOlderSchema(db);
  await db.destroy();
  await postgres.detach();
});

const namesIn = (dataDir: string): string[] => readdirSync(join(dataDir, 'postgres')).toSorted();

describe('the catalogue of an older winnow', () => {
  it('is brought up to date once, after a copy that can be started as it was', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    // Left by earlier upgrades, and by one that was killed.
    for (const name of ['cluster.schema-1', 'cluster.schema-3', `cluster.schema-${OLDER}`, 'cluster.new-0123'])
      mkdirSync(join(dataDir, 'postgres', name));
    const log = recordingLog();
    const [first, second] = await Promise.all([1, 2].map(() => attachEmbedded({ dataDir, clientName: 'test', log })));
    const copy = join(dataDir, 'postgres', `cluster.schema-${OLDER}`);
    const upgrades = [first?.upgrade, second?.upgrade].filter((upgrade) => upgrade !== null);
    expect(upgrades).toEqual([{ fromSchema: OLDER, toSchema: KNOWN_SCHEMA, copy }]);
    expect(log.lines.join('\n')).toContain(`after a copy to '${copy}'`);
    const lines = 'select answer, (select count(*)::int from activity) as lines from kept';
    expect(first === undefined ? [] : await query(first, lines)).toEqual([{ answer: 42, lines: 0 }]);
    await first?.detach();
    await second?.detach();
    const kept = ['cluster', 'cluster.schema-3', `cluster.schema-${OLDER}`].toSorted();
    expect(namesIn(dataDir).filter((name) => name.startsWith('cluster'))).toEqual(kept);
    expect(statSync(copy).mode & 0o777).toBe(0o700);
    // The copy takes the place of the cluster, and is upgraded in its turn.
    await copyOf(copy, join(folder.path, 'again', 'postgres', 'cluster'));
    const again = join(folder.path, 'again');
    copyFileSync(join(dataDir, 'postgres', 'password'), join(again, 'postgres', 'password'));
    const restored = await attachHere(again);
    expect([restored.upgrade?.fromSchema, await query(restored, 'select answer from kept')]).toEqual([
      OLDER,
      [{ answer: 42 }],
    ]);
    await restored.detach();
  });

  it('stays as it is while an older winnow uses it, whose processes the message names', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    await (await attachHere(dataDir)).detach();
    const older = new OtherProcess(dataDir);
    await older.next();
    // As if that process had been started before this version.
    await older.query(`delete from kysely_migration where name = '${Object.keys(MIGRATIONS).at(-1)}'`);
    await expect(attachHere(dataDir)).rejects.toMatchObject({
      code: 'schema-in-use',
      message: expect.stringMatching(/an older winnow uses it: 'winnow \S+ \d+' .*Nothing was changed/),
    });
    expect(await older.query('select answer from kept')).toEqual({ rows: [{ answer: 42 }] });
    await older.detach();
    expect(serversIn(folder.path)).toEqual([]);
  });

  it('stays as it is while a restore into it has not ended, which alone may change it', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const lease = await attachHere(dataDir);
    const db = openPool({ ...pool, url: lease.url });
    await sql.raw(`delete from kysely_migration where name = '${Object.keys(MIGRATIONS).at(-1)}'`).execute(db);
    await sql.raw('create schema winnow_move; create table winnow_move.state (finished_at timestamptz)').execute(db);
    await sql.raw('insert into winnow_move.state default values').execute(db);
    await db.destroy();
    await lease.detach();
    const attached = await attachHere(dataDir);
    const schema = await query(attached, 'select max(name) as last from kysely_migration');
    expect([attached.upgrade, schema]).toEqual([null, [{ last: Object.keys(MIGRATIONS).at(-2) }]]);
    await attached.detach();
  });

  it('stays as it is if a migration fails, and the message says so', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const postgres = await attachHere(dataDir);
    const db = openPool({ ...pool, url: postgres.url });
    // The column that migration 0029 adds is in its way.
    await sql.raw(`delete from kysely_migration where name >= '0029'`).execute(db);
    await db.destroy();
    await postgres.detach();
    await expect(attachHere(dataDir)).rejects.toMatchObject({
      code: 'migration-failed',
      message: expect.stringMatching(/already exists.*Nothing was changed/),
    });
    expect(serversIn(folder.path)).toEqual([]);
    expect(namesIn(dataDir)).toContain(`cluster.schema-${OLDER}`);
  });
});
