import { sql, type Kysely } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../support/process-tree.ts';
import { licenceChoices } from '../../../src/core/collection/licence.ts';
import { tablesOf } from '../../../src/keep/copy-tables.process.ts';
import type { TableContents } from '../../../src/keep/portions.ts';
import type { Database } from '../../../src/core/platform/postgres/database.ts';
import { Lease } from '../../../src/core/platform/postgres/lease.ts';
import { migrate, openPool } from '../../../src/core/platform/postgres/open-database.ts';
import { KNOWN_SCHEMA } from '../../../src/core/platform/postgres/schema.ts';
import { applicationName, createDatabase, dropDatabase, onServer } from '../../support/database.ts';
import { makeOlderSchema, OLDER_SCHEMA as OLDER } from '../../support/older-schema.ts';
import { until } from '../../support/until.ts';
import { winnow } from '../../support/winnow.ts';

/** Every command that opens the catalogue, but those that change it themselves. */
const COMMANDS = [
  'crawl --collection demo --from test/fixtures/samples',
  'filter --collection demo',
  'shortlist --collection demo',
  'review --collection demo',
  'export --collection demo --out nowhere/export',
  'run --collection demo --source folder --from test/fixtures/samples',
  'status --collection demo',
  'candidates --collection demo',
  'decisions --collection demo',
  'verdicts --collection demo',
  'agreement --collection demo',
  'show 0000000000000000000000000000000000000000000000000000000000000000 --collection demo',
  'what-if --collection demo --threshold 0.1',
  'report --collection demo --out nowhere/report',
  'server',
  'pause fetch',
  'unpause fetch',
  'resume --collection demo',
  'retry --reason dns',
  'prune --collection demo',
  'takedown --source-id flickr:1 --reason test',
  'activity',
  'jobs',
  'sessions list',
  'sessions end --all',
  'collection forget demo --yes',
  'references list',
  'references add test/fixtures/samples --for leaks',
  'move --to-database postgres://nobody@127.0.0.1:9/none',
];
const LICENCES = [
  'CC0-1.0',
  'CC0-1.0',
  'GFDL OR CC-BY-SA-2.5',
  '(MIT OR CC0-1.0)',
  'Foo 2 OR LATER',
  `a${' text'.repeat(600)}`,
];
const silent = { debug: () => {}, info: () => {}, warn: () => {} };

const folder = suiteFolder();
const urls = { older: '', newer: '' };
beforeAll(async () => {
  urls.older = await createDatabase('nothing');
  await withDatabase(urls.older, async (db) => {
    await makeOlderSchema(db);
    await sql`insert into picture (source, source_id, url, licence, state)
      select 'folder', id, id, licence, 'found' from unnest(${LICENCES}::text[]) with ordinality as l(licence, id)`.execute(
      db,
    );
  });
  urls.newer = await createDatabase('template');
  await onServer(urls.newer, `insert into kysely_migration (name, timestamp) values ('0099-future', 'then')`);
});
afterAll(async () => {
  for (const url of Object.values(urls)) await dropDatabase(url);
});

async function withDatabase<T>(url: string, work: (db: Kysely<Database>) => Promise<T>): Promise<T> {
  const db = openPool({ url, applicationName: applicationName(), poolSize: 1, onConnectionLost: () => undefined });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

async function saidBy(commands: readonly string[], url: string) {
  const env = { DATABASE_URL: url, WINNOW_CRAWL_CONTACT: 'test@example.org' };
  const all: { readonly words: readonly string[]; readonly code: number | null; readonly said: string }[] = [];
  for (const command of commands) {
    const words = command.split(' ');
    const options = { env, ownProcess: false, timeoutMs: 60_000 };
    const { code, stdout, stderr } = await winnow([...words, '--data', folder.at()], options);
    all.push({ words, code, said: stdout + stderr });
  }
  return all;
}

const rowCount = (contents?: TableContents): Partial<TableContents> =>
  contents === undefined ? {} : { rows: contents.rows };

async function rowsOf(url: string): Promise<Record<string, TableContents>> {
  const client = new Client({ connectionString: url, application_name: applicationName() });
  await client.connect();
  try {
    const all: Record<string, TableContents> = {};
    const { signal } = new AbortController();
    for (const table of await tablesOf(client, signal)) all[table.name] = await table.contents();
    return all;
  } finally {
    await client.end();
  }
}

describe('on a shared catalogue of an older winnow', () => {
  it('every command says what to do, and changes nothing', async () => {
    const before = await rowsOf(urls.older);
    const said = await saidBy([...COMMANDS, 'doctor'], urls.older);
    const expected = new RegExp(
      `schema ${OLDER}, and this winnow needs ${KNOWN_SCHEMA}\\. Nothing was changed\\..*winnow migrate`,
    );
    for (const one of said) expect(one.said, one.words.join(' ')).toMatch(expected);
    // The doctor lists it among other findings.
    expect(said.map(({ code }) => code)).toEqual([...COMMANDS.map(() => 2), 1]);
    expect(await rowsOf(urls.older)).toEqual(before);
  });

  it('migrate asks, waits for no other process, and keeps every row', async () => {
    const before = await rowsOf(urls.older);
    // The activity log gains the line that this test looks for. Pictures and the tally of candidates gain columns.
    const { activity: _, picture, candidate_tally: tally, ...kept } = before;
    const [asked] = await saidBy(['migrate'], urls.older);
    const question = `Add --yes to go on: Bring the catalogue in .* from schema ${OLDER} to ${KNOWN_SCHEMA}\\?`;
    expect([asked?.code, asked?.said]).toEqual([2, expect.stringMatching(question)]);
    const crawl = await Lease.open({ url: urls.older, applicationName: 'winnow crawl 4242 lab3', log: silent });
    const [refused] = await saidBy(['migrate --yes'], urls.older);
    expect([refused?.code, refused?.said]).toEqual([2, expect.stringContaining("found 'winnow crawl 4242 lab3'")]);
    expect(await rowsOf(urls.older)).toEqual(before);
    await crawl?.close();
    // Its connections close a little later.
    const isConnected = `select from pg_stat_activity where application_name = 'winnow crawl 4242 lab3'`;
    await until(async () => (await onServer(urls.older, isConnected)).length === 0);
    const [done, again, status] = await saidBy(['migrate --yes', 'migrate', 'activity --json'], urls.older);
    expect([done?.code, done?.said]).toEqual([0, `brought the catalogue from schema ${OLDER} to ${KNOWN_SCHEMA}\n`]);
    const upToDate = `the catalogue has schema ${KNOWN_SCHEMA}, which this winnow needs\n`;
    expect([again?.code, again?.said]).toEqual([0, upToDate]);
    expect([status?.code, status?.said]).toEqual([0, expect.stringContaining('"action":"migrate"')]);
    const same = { ...kept, picture: rowCount(picture), candidate_tally: rowCount(tally) };
    expect(await rowsOf(urls.older)).toMatchObject(same);
    const allowedBy = await onServer(urls.older, 'select name, choices from licence order by name collate "C"');
    expect(allowedBy).toEqual(
      LICENCES.slice(1, 5)
        .toSorted()
        .map((name) => ({ name, choices: licenceChoices(name) })),
    );
  });
});

describe('on a shared catalogue of a newer winnow', () => {
  it('every command says so, and changes nothing', async () => {
    const before = await rowsOf(urls.newer);
    const said = await saidBy([...COMMANDS, 'migrate --yes', 'doctor'], urls.newer);
    const expected = new RegExp(
      `made by a newer winnow: it has schema 99 \\('0099-future'\\), and this winnow knows ${KNOWN_SCHEMA}\\. Nothing was changed\\.`,
    );
    for (const one of said) expect(one.said, one.words.join(' ')).toMatch(expected);
    expect(said.map(({ code }) => code)).toEqual([...COMMANDS.map(() => 2), 2, 1]);
    expect(await rowsOf(urls.newer)).toEqual(before);
  });
});

describe('a process that uses a shared catalogue', () => {
  it('ends if its schema was changed while the connection was lost', async () => {
    const url = await createDatabase('template');
    const reasons: unknown[] = [];
    const onLost = (reason: unknown): void => void reasons.push(reason);
    const lease = await Lease.open({ url, applicationName: 'winnow crawl 4242 lab3', log: silent, onLost });
    await onServer(url, `insert into kysely_migration (name, timestamp) values ('0099-future', 'then')`);
    await onServer(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'winnow crawl 4242 lab3'`,
    );
    await expect.poll(() => reasons, { timeout: 30_000 }).toMatchObject([{ code: 'schema-newer' }]);
    await lease?.close();
    await dropDatabase(url);
  });

  it('cannot start while the schema is being changed', async () => {
    const url = await createDatabase('template');
    const alone = await Lease.openAlone({ url, applicationName: 'winnow migrate 4242 lab3', log: silent });
    const [said] = await saidBy(['status --collection demo'], url);
    expect([said?.code, said?.said]).toEqual([
      1,
      expect.stringMatching(/is being brought to another schema by `winnow migrate/),
    ]);
    await alone?.close();
    await dropDatabase(url);
  });
});

describe('the activity log', () => {
  it('is never changed or deleted', async () => {
    await withDatabase(urls.older, async (db) => {
      await migrate(db);
      for (const statement of [
        'update activity set who = null',
        'delete from activity where false',
        'truncate activity',
      ])
        await expect(sql.raw(statement).execute(db)).rejects.toThrow(/Rows of the table activity are only ever added/);
    });
  });
});
