import { cp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { suiteFolder } from '../../support/process-tree.ts';
import { moveDatabase } from '../../../src/keep/move.process.ts';
import { attachEmbedded, type EmbeddedPostgres } from '../../../src/core/platform/postgres/embedded/attach.ts';
import { openPool } from '../../../src/core/platform/postgres/open-database.ts';
import { applicationName, createDatabase, dropDatabase, onServer } from '../../support/database.ts';
import { startS3, type TestS3 } from '../../support/s3-server.ts';
import { silentLog } from '../../support/silent-log.ts';
import { repositoryRoot, startWinnow, winnow, type CommandOptions, type CommandResult } from '../../support/winnow.ts';

/** A small project that has been filtered and shortlisted, in a data folder. */
const folder = suiteFolder();
let s3: TestS3;
/** Keeps the server of the folder running until the first move, so that not every command starts and stops it. */
let server: EmbeddedPostgres | undefined;
/** The project after a move, which is faster to reach than the one in the folder. */
let grown = '';
beforeAll(async () => {
  s3 = await startS3();
  for (const wnid of ['n01443537', 'n01440764', 'n01498041']) await copySamples(wnid, folder.at('photos', wnid));
  await writeFile(
    folder.at('three.yaml'),
    'name: three\nclasses: [n01443537, n01440764, n01498041]\nensemble: [efficientnet-lite0]\n',
  );
  server = await attachEmbedded({ dataDir: folder.at('data'), clientName: 'test', log: silentLog });
  await ok('run', '--collection', folder.at('three.yaml'), '--from', folder.at('photos'));
});
afterAll(async () => {
  if (grown !== '') await dropDatabase(grown);
  await server?.detach();
  await s3.close();
});

const copySamples = (wnid: string, to: string): Promise<void> =>
  cp(path.join(repositoryRoot, 'test/fixtures/samples/photos', wnid), to, { recursive: true });

type Place = Pick<CommandOptions, 'env'>;

const aws = () => ({
  AWS_ENDPOINT_URL_S3: s3.url,
  AWS_ACCESS_KEY_ID: s3.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
});

function run(args: readonly string[], { env = {} }: Place = {}): Promise<CommandResult> {
  return winnow([...args, '--data', folder.at('data')], { env: { ...aws(), ...env }, cwd: folder.at() });
}

async function expectRefusal(args: readonly string[], place: Place, message: RegExp | string): Promise<void> {
  const { code, stderr } = await run(args, place);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
}

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect([args[0], code, code === 0 ? '' : stderr]).toEqual([args[0], 0, '']);
  return stdout;
}

/** The whole funnel, candidates and decisions, as text. */
async function story(env: Record<string, string> = {}): Promise<string[]> {
  const collection = ['--collection', folder.at('three.yaml')];
  const texts: string[] = [];
  for (const command of ['status', 'decisions']) {
    const { code, stdout } = await run([command, '--json', ...collection], { env });
    expect([command, code]).toEqual([command, 0]);
    // Processes come and go.
    const lasting = stdout.replace(/,"processes":\[.*?\]/, '');
    texts.push(lasting.split('\n').toSorted().join('\n'));
  }
  return texts;
}

const fromGrown = (): Place => ({ env: { DATABASE_URL: grown } });
/** The same with the bucket that has all of its photos. */
const fromBucket = () => ({ env: { DATABASE_URL: grown, WINNOW_BLOBS_URL: `s3://${s3.bucket}/grown` } });

function decisions(url: string): Promise<unknown> {
  return onServer(url, 'select d::text from decision d order by 1');
}

/** A new database, by default with the tables of a catalogue. A move takes it with and without them. */
async function emptyDatabase(from: 'nothing' | 'template' = 'template'): Promise<string> {
  const url = await createDatabase(from);
  onTestFinished(() => dropDatabase(url));
  return url;
}

describe('winnow move', () => {
  it('copies a project: photo stories are the same, new photos can be added, and the source is unchanged', async () => {
    const url = await createDatabase('nothing');
    grown = url;
    const before = await story();
    await server?.detach();
    const moved = await ok('move', '--to-database', url, '--to-blobs', `s3://${s3.bucket}/grown`);
    expect(moved).toMatch(/^catalogue: \d+ tables, \d+ rows moved; the rows are the same on both sides$/m);
    const photos = [...s3.objects.keys()].filter((key) => key.startsWith('grown/')).length;
    expect(moved).toMatch(new RegExp(`^photos: ${photos} \\(.*\\) are there, ${photos} of them copied now`, 'm'));
    expect(moved).toContain(`  WINNOW_BLOBS_URL=s3://${s3.bucket}/grown\n  AWS_ENDPOINT_URL_S3=${s3.url}\n`);
    expect(moved).toMatch(/^ {2}DATABASE_URL=postgres/m);
    const hashes = 'select count(*)::int as all, count(fine_hash)::int as fine from photo';
    expect(await onServer(url, hashes)).toEqual([{ all: photos, fine: photos }]);
    const env = { DATABASE_URL: url, WINNOW_BLOBS_URL: `s3://${s3.bucket}/grown` };
    expect(await story(env)).toEqual(before);
    const audit = await run(['doctor', '--deep'], { env });
    expect([audit.code, audit.stdout.includes('FAIL')]).toEqual([0, false]);
    await onServer(
      url,
      `insert into session_key (secret) values (decode(repeat('ab', 32), 'hex'));
       insert into review_criteria (collection_id, text, changed_by) select id, 'one line\nand another', 'ann' from collection;
       insert into review_lease (collection_id, wnid, sha256, reviewer, client, until) select id, 'n01440764', '\\x00', 'ann', 'tab', now() from collection`,
    );
    // Ids continue where they were.
    await copySamples('n01514668', folder.at('more/n01440764'));
    const from = ['--source', 'folder', '--from', folder.at('more')];
    const more = await run(['crawl', '--collection', folder.at('three.yaml'), ...from], { env });
    expect([more.code, more.stderr]).toEqual([0, expect.not.stringContaining('error')]);
    const goneOn = /the two have gone on since \(.*photo: 7 and 8 rows/;
    await expectRefusal(['move', '--to-database', url], {}, goneOn);
  });

  it('copies the missing photos after a kill', async () => {
    const url = await emptyDatabase();
    const args = ['move', '--to-database', url, '--to-blobs', `s3://${s3.bucket}/killed`];
    const count = () => [...s3.objects.keys()].filter((key) => key.startsWith('killed/')).length;
    s3.fault = ({ method }) => (method === 'PUT' ? { delayMs: 100 } : null);
    onTestFinished(() => void (s3.fault = () => null));
    const killed = startWinnow([...args, '--data', folder.at('data')], {
      env: { ...aws(), ...fromBucket().env },
      cwd: folder.at(),
    });
    while (count() < 3) await sleep(20);
    killed.killGroup('SIGKILL');
    await killed.result;
    s3.fault = () => null;
    // Uploads that the service had received completely are stored, possibly late.
    const received = () => s3.requests.filter((request) => request.startsWith('PUT killed/')).length;
    while (count() < received()) await sleep(20);
    const before = count();
    const { code, stdout } = await run([...args, '--json'], fromBucket());
    expect(code).toBe(0);
    const { database, blobs } = JSON.parse(stdout);
    expect(database.already).toBe(true);
    expect(blobs.photos).toBe(count());
    expect(blobs.copied).toBe(count() - before);
    expect(blobs.copied).toBeLessThan(blobs.photos);
    expect(await decisions(url)).toEqual(await decisions(grown));
  });

  it('is refused by other commands after a kill, starts again, and does not end if the source changes', async () => {
    const url = await emptyDatabase('nothing');
    expect((await run(['move', '--to-database', url], fromGrown())).code).toBe(0);
    for (const table of ['session_key', 'review_criteria']) {
      const rows = `select t::text as row from ${table} t`;
      expect([table, await onServer(url, rows)]).toEqual([table, await onServer(grown, rows)]);
    }
    expect(await onServer(url, 'select client from review_lease')).toEqual([]);
    // The state that older versions leave after a kill between two tables.
    await onServer(
      url,
      'update winnow_move.state set finished_at = null; alter table evidence disable trigger user; truncate evidence',
    );
    const half = { env: { DATABASE_URL: url } };
    const unfinished = /A move of a catalogue into .* is not finished/;
    await expectRefusal(['status', '--collection', folder.at('three.yaml')], half, unfinished);
    const pool = { url: grown, applicationName: applicationName(), poolSize: 1, onConnectionLost: () => undefined };
    const db = openPool(pool);
    onTestFinished(() => db.destroy());
    const { signal } = new AbortController();
    const move = (onTable: (table: string) => void): Promise<unknown> =>
      moveDatabase({ app: { db, connection: pool }, toUrl: url, shown: url, signal, onTable, onRows: () => undefined });
    let change: Promise<unknown> | undefined;
    const changed = move(() => {
      change ??= onServer(grown, 'update photo set width = width + 1');
    });
    await expect(changed).rejects.toThrow(/photo: 8 and 8 rows differ: the catalogue changed while it was moved/);
    await move(() => undefined);
    expect(await decisions(url)).toEqual(await decisions(grown));
    const evidence = 'select count(*)::int as rows from evidence';
    expect(await onServer(url, evidence)).toEqual(await onServer(grown, evidence));
  });

  it('refuses targets that are not empty or not usable, and changes nothing there', async () => {
    const url = await emptyDatabase('nothing');
    await onServer(url, 'create table birds (name text)');
    const foreign =
      /Expected an empty database at PostgreSQL at .* but found the tables public\.birds; create a new one with createdb/;
    await expectRefusal(['move', '--to-database', url], fromGrown(), foreign);
    expect(await onServer(url, `select nspname from pg_namespace where nspname like 'winnow%'`)).toEqual([]);
    const same = /Expected another database than the catalogue's own/;
    await expectRefusal(['move', '--to-database', url], { env: { DATABASE_URL: url } }, same);
    const withBlobs = { env: { DATABASE_URL: grown, WINNOW_BLOBS_URL: 's3://photos/x' } };
    const sameBlobs = /The photos are in .* already; give another place/;
    await expectRefusal(['move', '--to-blobs', 's3://photos/x/'], withBlobs, sameBlobs);
    for (const [args, message] of [
      [[], /^winnow: Give --to-database URL, --to-blobs URL or both/],
      [['--to-database', 'mysql://h/d'], /^winnow: Expected /],
      [['--to-blobs', '/tmp/x'], /^winnow: Expected /],
    ] as const)
      await expectRefusal(['move', ...args], fromGrown(), message);
  });

  it('refuses to run while another command uses the source or the target', async () => {
    const [from, to] = [await emptyDatabase(), await emptyDatabase('nothing')];
    for (const [url, where] of [
      [from, 'the catalogue that is being moved'],
      [to, 'PostgreSQL at '],
    ] as const) {
      const worker = new Client({ connectionString: url, application_name: 'winnow crawl 4711' });
      await worker.connect();
      onTestFinished(() => worker.end().catch(() => undefined));
      const others = `Expected nobody else on ${where}.*'winnow crawl 4711'`;
      await expectRefusal(['move', '--to-database', to], { env: { DATABASE_URL: from } }, others);
      await worker.end();
    }
  });

  it('leaves out missing and damaged photos, and reports them', async () => {
    const copy = folder.at('damaged');
    await cp(folder.at('data', 'blobs'), path.join(copy, 'blobs'), { recursive: true });
    const entries = await readdir(path.join(copy, 'blobs'), { recursive: true, withFileTypes: true });
    const whole = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(path.join(copy, 'blobs'), path.join(entry.parentPath, entry.name)));
    const [one = '', two = '', three = ''] = whole;
    await rm(path.join(copy, 'blobs', one));
    await writeFile(path.join(copy, 'blobs', two), 'other bytes');
    const loop = path.join(copy, 'blobs', three);
    await rm(loop);
    await symlink(path.basename(loop), loop);
    const { code, stdout } = await winnow(['move', '--to-blobs', `s3://${s3.bucket}/partly`, '--data', copy], {
      env: { ...aws(), DATABASE_URL: grown },
      cwd: folder.at(),
    });
    expect(code).toBe(1);
    expect(stdout).toContain(`photos: ${whole.length - 3} (`);
    // One was never in the folder: it was crawled into the bucket.
    expect(stdout).toMatch(
      new RegExp(
        `^without bytes at the source: 2 photos \\(.*${path.basename(one)}.*\\); (?:winnow|node \\S+) resume`,
        'm',
      ),
    );
    const damaged =
      /^not moved, because .* have changed or cannot be read: 2 photos \((\w+), (\w+)\); (?:winnow|node \S+) resume/m.exec(
        stdout,
      );
    expect(damaged?.slice(1).toSorted()).toEqual([path.basename(two), path.basename(three)].toSorted());
    expect([...s3.objects.keys()].filter((key) => key.startsWith('partly/'))).toHaveLength(whole.length - 3);
  });
});
