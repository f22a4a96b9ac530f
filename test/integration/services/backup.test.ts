import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openToRead, readSnapshots } from '../../../src/operate/backup/backup-folder.process.ts';
import { tablesOf } from '../../../src/operate/backup/copy-tables.process.ts';
import { backUp, type BackedUp, type BackupOptions } from '../../../src/operate/backup/backup.process.ts';
import {
  chooseSnapshot,
  requireFreshFolder,
  restore,
  type Restored,
  type RestoreOptions,
} from '../../../src/operate/backup/restore.process.ts';
import { connectPlainly } from '../../../src/operate/backup/tables.repository.ts';
import { applyTakedowns } from '../../../src/operate/backup/takedowns.process.ts';
import { openApp, type App } from '../../../src/runtime/open/app.process.ts';
import type { Snapshot } from '../../../src/operate/backup/snapshot.ts';
import { auditDataFolder } from '../../../src/operate/upkeep/audit.process.ts';
import { migrateCatalogue } from '../../../src/operate/upkeep/migrate-catalogue.process.ts';
import { openWorkspace } from '../../../src/models/workspace/workspace.process.ts';
import { usableCollection } from '../../../src/collection/collection.process.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { toSha256, type Sha256 } from '../../../src/kernel/ids.ts';
import { takeDown } from '../../../src/photo/takedown.repository.ts';
import { openBlobFolder } from '../../../src/platform/blobs/blob-folder.ts';
import { openBlobBucket } from '../../../src/platform/blobs/blob-bucket.ts';
import { openLogger } from '../../../src/platform/log/logger.ts';
import { MIGRATIONS } from '../../../src/platform/postgres/migrations/index.ts';
import { migrateUpTo, openPool } from '../../../src/platform/postgres/open-database.ts';
import { applicationName, createDatabase, dropDatabase, onServer, useDatabase } from '../../support/database.ts';
import { DRAGONFLY, makeCatalogue } from '../../support/made-catalogue.ts';
import { startS3 } from '../../support/s3-server.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';
import { repositoryRoot } from '../../support/winnow.ts';

const CANDIDATES = 100;
const CLASSES = 25;
const database = useDatabase();
const { signal } = new AbortController();
const quiet = {
  onBegun: async () => undefined,
  onTable: () => undefined,
  onRows: () => undefined,
  onPhoto: () => undefined,
};

let [root, app]: [string, App | undefined] = ['', undefined];

/** A catalogue as a crawl and a filter leave it, with the bytes of its photos. */
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'winnow-backup-'));
  app = await openAt(database.url, path.join(root, 'data'));
  const workspace = await openWorkspace(app, (await usableCollection(await writeCollection())).collection);
  const make = { candidates: CANDIDATES, seed: 1, withBytes: true, waiting: 0.1, signal, onProgress: () => undefined };
  await makeCatalogue(workspace, make);
  await sql`insert into session_key (secret) values (decode(repeat('ab', 32), 'hex'))`.execute(app.db);
});
afterAll(async () => {
  await app?.close();
  await rm(root, { recursive: true, force: true });
});

/** Some classes of imagenet-a. All of them have ten times as many queries, which each backup and each restore would copy. */
async function writeCollection(): Promise<string> {
  const queries = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');
  const lines = (await readFile(queries, 'utf8')).trimEnd().split('\n');
  const wnids = lines.map((line): string => JSON.parse(line).wnid);
  const file = path.join(root, 'some.yaml');
  const classes = [DRAGONFLY, ...wnids.filter((wnid) => wnid !== DRAGONFLY)].slice(0, CLASSES);
  await writeFile(
    file,
    `name: some\nclasses: [${classes.join(', ')}]\nqueries: ${queries}\nsources: [inaturalist, flickr, duckduckgo]\n` +
      'ensemble: [efficientnet-lite0, efficientnet-lite1]\n',
  );
  return file;
}

function theApp(): App {
  if (app === undefined) throw new Error('Expected the app to be open');
  return app;
}

async function openAt(url: string, dataDir: string): Promise<App> {
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: url } });
  return openApp({
    config,
    dataDir,
    clientName: 'backup',
    log: openLogger({ level: 'silent', format: 'json' }, process.stderr),
  });
}

/** A new folder for a backup, with a name that not every system can spell. */
const folderFor = (name: string): string => path.join(root, `Sicherung ü ${name}`);

function backup(dir: string, changes: Partial<BackupOptions> = {}): Promise<BackedUp> {
  return backUp({ app: theApp(), dir, keep: 7, verify: false, signal, ...quiet, ...changes });
}

interface Target {
  readonly url: string;
  readonly dataDir: string;
}

/** A new database: empty, or with the tables of a catalogue. A restore takes both. */
async function emptyTarget(from: 'nothing' | 'template' = 'template'): Promise<Target> {
  const url = await createDatabase(from);
  onTestFinished(() => dropDatabase(url));
  return { url, dataDir: path.join(root, `restored-${new URL(url).pathname.slice(1)}`) };
}

async function restoreInto(
  { url, dataDir }: Target,
  dir: string,
  { id, ...changes }: Partial<RestoreOptions> & { readonly id?: string } = {},
): Promise<Restored> {
  return restore({
    ...(await chooseSnapshot(dir, id)),
    connection: { url, applicationName: `winnow restore ${process.pid}` },
    shown: 'the target',
    advice: 'give another one',
    blobs: openBlobFolder(path.join(dataDir, 'blobs')),
    signal,
    ...quiet,
    ...changes,
  });
}

/** Rows of each table, and their hashes. */
async function contents(url: string): Promise<Record<string, unknown>> {
  const client = await connectPlainly(url, applicationName());
  try {
    const found: Record<string, unknown> = {};
    for (const table of await tablesOf(client, signal)) found[table.name] = await table.contents();
    return found;
  } finally {
    await client.end();
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted();
}

async function storedPhotos(): Promise<Sha256[]> {
  const { rows } = await sql<{ hex: string }>`
    select encode(sha256, 'hex') as hex from photo where bytes_state = 'stored' order by 1`.execute(theApp().db);
  return rows.map(({ hex }) => toSha256(hex));
}

/** Changes the only snapshot of a backup. */
async function editSnapshot(dir: string, change: (snapshot: Snapshot) => Snapshot): Promise<void> {
  const folder = await openToRead(dir);
  const [snapshot] = await readSnapshots(folder);
  if (snapshot === undefined) throw new Error('Expected a snapshot');
  await writeFile(path.join(folder.snapshots, `${snapshot.id}.json`), JSON.stringify(change(snapshot)));
}

function problemsOf({ checks }: Restored): string[] {
  return checks.flatMap(({ problems }) => problems);
}

/** Takes a photo's bytes away until the end of the test. */
async function withoutBytes(sha256: Sha256, instead?: string): Promise<void> {
  const file = theApp().blobs.placeOf(sha256);
  const bytes = await readFile(file);
  onTestFinished(() => writeFile(file, bytes));
  await (instead === undefined ? rm(file) : writeFile(file, instead));
}

describe('winnow backup and restore', () => {
  it('bring back every row except the session key, and every byte, and numbers continue', async () => {
    const dir = folderFor('whole');
    const made = await backup(dir);
    const photos = await storedPhotos();
    expect([made.photos, made.copied.photos, made.lost]).toEqual([photos.length, photos.length, []]);
    const target = await emptyTarget('nothing');
    const restored = await restoreInto(target, dir);
    expect([problemsOf(restored), restored.photos.photos]).toEqual([[], photos.length]);
    const { session_key: key, activity: before, ...expected } = await contents(database.url);
    const { session_key: restoredKey, activity, ...found } = await contents(target.url);
    // The restore itself is recorded.
    expect([before, activity]).toMatchObject([{ rows: 0 }, { rows: 1 }]);
    expect(found).toEqual(expected);
    expect([key, restoredKey]).toEqual([expect.objectContaining({ rows: 1 }), { rows: 0, hashes: [] }]);
    const [one, other] = await Promise.all(
      [database.url, target.url].map((url) =>
        onServer(
          url,
          `select last_value, is_called from picture_id_seq union all select last_value, is_called from photo_id_seq`,
        ),
      ),
    );
    expect(other).toEqual(one);
    const triggers = `select tgname from pg_trigger where not tgisinternal and tgenabled <> 'O'`;
    expect(await onServer(target.url, triggers)).toEqual([]);
    // A backup of the restored catalogue continues in the same folder. Only the record of the restore is new.
    const opened = await openAt(target.url, target.dataDir);
    onTestFinished(() => opened.close());
    const next = await backup(dir, { app: opened });
    expect(next.copied).toMatchObject({ photos: 0, bytes: 0 });
    expect(next.copied.catalogueBytes).toBeLessThan(1_000);
    const modes = await Promise.all(['', 'blobs', 'catalogue', 'snapshots'].map((name) => stat(path.join(dir, name))));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o700, 0o700, 0o700]);
  });

  it('copy only what is new the second time, and remove what no kept snapshot needs', async () => {
    const dir = folderFor('twice');
    const { db } = theApp();
    await backup(dir);
    const before = await filesIn(path.join(dir, 'catalogue'));
    // The clock was set back since the first snapshot.
    const [early] = await readSnapshots(await openToRead(dir));
    const ahead = { ...early, id: '2096-01-01T00-00-00-000Z', at: '2096-01-01T00:00:00.000Z' };
    await writeFile(path.join(dir, 'snapshots', `${ahead.id}.json`), JSON.stringify(ahead));
    await rm(path.join(dir, 'snapshots', `${early?.id}.json`));
    expect(await backup(dir)).toMatchObject({
      snapshot: '2096-01-01T00-00-00-001Z',
      copied: { photos: 0, bytes: 0, catalogueBytes: 0 },
    });
    expect(await filesIn(path.join(dir, 'catalogue'))).toEqual(before);
    // A photo loses its bytes to a prune, and a new one comes.
    const [gone = toSha256('')] = await storedPhotos();
    await withoutBytes(gone);
    await sql`update photo set bytes_state = 'pruned', pruned_at = now() where sha256 = decode(${gone}, 'hex')`.execute(
      db,
    );
    onTestFinished(async () => {
      await sql`update photo set bytes_state = 'stored', pruned_at = null where sha256 = decode(${gone}, 'hex')`.execute(
        db,
      );
    });
    const third = await backup(dir, { keep: 2 });
    expect(third.copied.photos).toBe(0);
    expect(third.copied.catalogueBytes).toBeGreaterThan(0);
    expect([third.removed.snapshots, third.removed.photos, third.snapshots.length]).toEqual([1, 0, 2]);
    const blob = openBlobFolder(path.join(dir, 'blobs')).pathOf(gone);
    expect((await stat(blob)).isFile()).toBe(true);
    // Once the last snapshot with the photo is removed, its bytes go too.
    const last = await backup(dir, { keep: 1 });
    expect([last.removed.snapshots, last.removed.photos]).toEqual([2, 1]);
    await expect(stat(blob)).rejects.toThrow('ENOENT');
    expect((await readSnapshots(await openToRead(dir))).map(({ id }) => id)).toEqual([last.snapshot]);
  });

  it('obey takedowns: a backup loses the bytes, and an older snapshot does not bring the photo back', async () => {
    const dir = folderFor('takedown');
    const target = await emptyTarget();
    // A catalogue of its own, because nothing undoes a takedown.
    const own = await emptyTarget('nothing');
    await backup(dir);
    // It is empty but has its tables.
    const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: own.url } });
    await migrateCatalogue({ config, log: theApp().log, url: own.url, signal, confirm: () => Promise.resolve() });
    await restoreInto(own, dir);
    const opened = await openAt(own.url, own.dataDir);
    onTestFinished(() => opened.close());
    const { snapshot } = await backup(dir, { app: opened });
    const [one = toSha256(''), two = toSha256('')] = await storedPhotos();
    const { rows } = await sql<{ source: string; source_id: string }>`
      select p.source, p.source_id from picture p join photo f on f.id = p.photo_id where f.sha256 = decode(${two}, 'hex') limit 1`.execute(
      opened.db,
    );
    const place = { source: rows[0]?.source ?? '', sourceId: rows[0]?.source_id ?? '' };
    for (const about of [{ sha256: one }, place]) {
      const { photos } = await takeDown(opened.db, about, 'asked to');
      expect(photos).toHaveLength(1);
      for (const sha256 of photos) await opened.blobs.remove(sha256);
    }
    const applied = await applyTakedowns(opened, dir);
    expect([applied.photos, applied.added]).toEqual([2, 3]);
    const inBackup = openBlobFolder(path.join(dir, 'blobs'));
    expect([await inBackup.sizeOf(one), await inBackup.sizeOf(two)]).toEqual([null, null]);
    expect(await applyTakedowns(opened, dir)).toEqual({ takedowns: applied.takedowns, added: 0, photos: 0, bytes: 0 });
    const restored = await restoreInto(target, dir, { id: snapshot });
    expect([restored.takenDown, problemsOf(restored), restored.photos.missing]).toEqual([2, [], []]);
    const about = `select count(*)::int as photos from photo where encode(sha256, 'hex') in ('${one}', '${two}')`;
    expect(await onServer(target.url, about)).toEqual([{ photos: 0 }]);
    const taken = `select sha256, source, source_id, reason from takedown order by 1, 2`;
    expect(await onServer(target.url, taken)).toEqual(await onServer(own.url, taken));
    // The next backup has neither of them, and its own list.
    expect((await backup(dir, { app: opened })).copied.photos).toBe(0);
  });

  it('name photos without bytes: those that were lost, and those that were pruned during the backup', async () => {
    const dir = folderFor('lost');
    const { db } = theApp();
    const [missing = toSha256(''), damaged = toSha256(''), pruned = toSha256('')] = await storedPhotos();
    await withoutBytes(missing);
    await withoutBytes(damaged, 'other bytes');
    await withoutBytes(pruned);
    onTestFinished(async () => {
      await sql`update photo set bytes_state = 'stored', pruned_at = null where sha256 = decode(${pruned}, 'hex')`.execute(
        db,
      );
    });
    let tables = 0;
    // The snapshot has begun when the first table is read.
    const markPruned = async (): Promise<void> => {
      await sql`update photo set bytes_state = 'pruned', pruned_at = now() where sha256 = decode(${pruned}, 'hex')`.execute(
        db,
      );
    };
    let marking = Promise.resolve();
    const made = await backup(dir, {
      onTable: () => {
        tables += 1;
        if (tables === 1) marking = markPruned();
      },
    });
    await marking;
    expect([made.lost.toSorted(), made.pruned]).toEqual([[missing, damaged].toSorted(), [pruned]]);
    const target = await emptyTarget();
    const restored = await restoreInto(target, dir);
    expect(restored.photos.missing.toSorted()).toEqual([missing, damaged].toSorted());
    const state = `select bytes_state from photo where sha256 = decode('${pruned}', 'hex')`;
    expect(await onServer(target.url, state)).toEqual([{ bytes_state: 'pruned' }]);
    expect(problemsOf(restored).filter((problem) => !/has lost its bytes|was pruned/.test(problem))).toEqual([]);
  });

  it('keep the earlier snapshots when a backup or restore is cut off, and go on with what was copied', async () => {
    const dir = folderFor('cut');
    const stop = new AbortController();
    const isCut = backup(dir, { signal: stop.signal, onPhoto: () => stop.abort() });
    await expect(isCut).rejects.toThrow('Interrupted');
    expect(await readSnapshots(await openToRead(dir))).toEqual([]);
    await expect(chooseSnapshot(dir, undefined)).rejects.toThrow(/it has none: no backup has ended/);
    // A killed one leaves unfinished files as well.
    await writeFile(path.join(dir, 'snapshots', '2026.json.ab12.unfinished'), '{');
    await mkdir(path.join(dir, 'blobs', 'unfinished'), { recursive: true });
    await writeFile(path.join(dir, 'blobs', 'unfinished', 'half'), 'half');
    const made = await backup(dir);
    expect([made.copied.photos < made.photos, made.copied.catalogueBytes, made.snapshots.length]).toEqual([true, 0, 1]);
    expect(await filesIn(path.join(dir, 'snapshots'))).toHaveLength(1);
    await expect(stat(path.join(dir, 'blobs', 'unfinished', 'half'))).rejects.toThrow('ENOENT');
    // A restore that ends between the rows and the last photos.
    const target = await emptyTarget('nothing');
    const halt = new AbortController();
    const halted = restoreInto(target, dir, { signal: halt.signal, onPhoto: () => halt.abort() });
    await expect(halted).rejects.toThrow('Interrupted');
    await expect(openAt(target.url, target.dataDir)).rejects.toThrow(
      `A restore of the snapshot ${made.snapshot} into PostgreSQL at`,
    );
    // A killed one leaves unfinished files as well.
    const unfinished = path.join(target.dataDir, 'blobs', 'unfinished');
    await mkdir(unfinished, { recursive: true });
    await writeFile(path.join(unfinished, 'half'), 'half');
    const restored = await restoreInto(target, dir);
    expect([problemsOf(restored), restored.photos.photos]).toEqual([[], made.photos]);
    expect(restored.photos.copied).toBeLessThan(made.photos);
    await expect(restoreInto(target, dir)).rejects.toThrow(
      new RegExp(`Expected nothing in the target but the snapshot ${made.snapshot} was restored into it on `),
    );
  });

  it('restore to S3, and a backup from S3 copies the bytes', async () => {
    const s3 = await startS3();
    onTestFinished(() => s3.close());
    process.env['AWS_ACCESS_KEY_ID'] = s3.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = s3.secretAccessKey;
    onTestFinished(() => {
      delete process.env['AWS_ACCESS_KEY_ID'];
      delete process.env['AWS_SECRET_ACCESS_KEY'];
    });
    const place = {
      kind: 's3',
      bucket: s3.bucket,
      prefix: 'lab/',
      endpoint: s3.url,
      region: 'us-east-1',
      pathStyle: true,
      localFolder: path.join(root, 'copies'),
    } as const;
    const blobs = openBlobBucket(place);
    onTestFinished(() => blobs.close());
    const dir = folderFor('from a folder');
    const made = await backup(dir);
    const target = await emptyTarget();
    const restored = await restoreInto(target, dir, { blobs });
    expect([problemsOf(restored), s3.objects.size]).toEqual([[], made.photos]);
    const fromS3 = { ...theApp(), blobs, blobPlace: place };
    const again = await backup(folderFor('from S3'), { app: fromS3 });
    expect([again.copied.photos, again.lost]).toEqual([made.photos, []]);
  });
});

describe('a backup of another version', () => {
  it('is brought up to date if it is older', async () => {
    const names = Object.keys(MIGRATIONS).toSorted();
    const old = await emptyTarget('nothing');
    const db = openPool({
      url: old.url,
      applicationName: applicationName(),
      poolSize: 2,
      onConnectionLost: () => undefined,
    });
    onTestFinished(() => db.destroy());
    await migrateUpTo(db, names[1] ?? '');
    await sql`insert into query (source, wnid, kind, key, title, params) values ('flickr', 'n01', 'search', 'a', E'a\ttab\nand a line', '{}')`.execute(
      db,
    );
    const dir = folderFor('older');
    await backup(dir, {
      app: { ...theApp(), db, connection: { url: old.url, applicationName: `winnow backup ${process.pid}` } },
    });
    const target = await emptyTarget('nothing');
    // A restore that is interrupted leaves an older schema, which no other command may change.
    const halt = new AbortController();
    const halted = restoreInto(target, dir, { signal: halt.signal, onTable: () => halt.abort() });
    await expect(halted).rejects.toThrow('Interrupted');
    await expect(openAt(target.url, target.dataDir)).rejects.toThrow(/^A restore of the snapshot .* is not finished/);
    // One that ended before there was any table leaves none, and no other command makes them.
    const begun = await emptyTarget('nothing');
    const stopped = restoreInto(begun, dir, { onBegun: () => Promise.reject(new Error('killed')) });
    await expect(stopped).rejects.toThrow('killed');
    await expect(openAt(begun.url, begun.dataDir)).rejects.toThrow(/^A restore of the snapshot .* is not finished/);
    expect(await onServer(begun.url, `select to_regclass('photo') as photo`)).toEqual([{ photo: null }]);
    expect(problemsOf(await restoreInto(target, dir))).toEqual([]);
    expect(await onServer(target.url, 'select title from query')).toEqual([{ title: 'a\ttab\nand a line' }]);
    const applied = await onServer(target.url, 'select name from kysely_migration order by name');
    expect(applied.map(({ name }) => name)).toEqual(names);
  });

  it('is refused if it is newer, and the message says so', async () => {
    const dir = folderFor('newer');
    const { snapshot } = await backup(dir);
    const file = path.join(dir, 'snapshots', `${snapshot}.json`);
    const value = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(
      file,
      JSON.stringify({ ...value, winnow: '9.0.0', migrations: [...value.migrations, '9999-future'] }),
    );
    await expect(chooseSnapshot(dir, undefined)).rejects.toThrow(
      /was made by a newer winnow \(9\.0\.0\): this version does not know its migration '9999-future'/,
    );
    await writeFile(file, JSON.stringify({ format: 2 }));
    await expect(chooseSnapshot(dir, undefined)).rejects.toThrow(/was made by a newer winnow: its format is 2/);
    await writeFile(file, '{"format": 1, "id":');
    await expect(chooseSnapshot(dir, undefined)).rejects.toThrow(/The file '.*' of the backup is damaged: /);
  });
});

describe('a damaged backup', () => {
  it('is not restored without its rows, and without some photos it names them', async () => {
    const dir = folderFor('damaged');
    await backup(dir);
    const [photo = '', other = ''] = await filesIn(path.join(dir, 'blobs'));
    await writeFile(photo, 'other bytes');
    await rm(other);
    const target = await emptyTarget();
    const restored = await restoreInto(target, dir);
    expect([restored.photos.damaged, restored.photos.missing]).toEqual([
      [path.basename(photo)],
      [path.basename(other)],
    ]);
    const [part = ''] = await filesIn(path.join(dir, 'catalogue'));
    const bytes = await readFile(part);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(part, bytes);
    const second = await emptyTarget('nothing');
    await expect(restoreInto(second, dir)).rejects.toThrow(
      /A part of the catalogue is damaged in the backup: Expected the bytes of SHA-256/,
    );
    expect(await onServer(second.url, `select to_regclass('public.photo') is null as absent`)).toEqual([
      { absent: false },
    ]);
    expect(await onServer(second.url, 'select count(*)::int as photos from photo')).toEqual([{ photos: 0 }]);
  });

  it('that lacks rows or a table of its snapshot is not restored', async () => {
    const dir = folderFor('fewer rows');
    await backup(dir);
    await editSnapshot(dir, ({ tables, ...rest }) => ({
      ...rest,
      tables: tables.map((table) => (table.name === 'candidate' ? { ...table, portions: [] } : table)),
    }));
    const target = await emptyTarget('nothing');
    const fewer = /^Expected the rows of the backup when they are read back but candidate: \d+ and 0 rows differ/;
    await expect(restoreInto(target, dir)).rejects.toThrow(fewer);
    // The next restore does not take the rows for whole.
    await expect(restoreInto(target, dir)).rejects.toThrow(fewer);
    await editSnapshot(dir, ({ tables, ...rest }) => ({
      ...rest,
      tables: tables.filter(({ name }) => name !== 'review_event'),
    }));
    await expect(restoreInto(target, dir)).rejects.toThrow(
      /^Expected the table review_event with the columns .*, but the copy lacks it/,
    );
  });

  it('with a verdict that does not follow from its events is restored, and the audit names the verdict', async () => {
    const { db } = theApp();
    const photo = sql`(select sha256 from photo order by sha256 limit 1)`;
    await sql`insert into verdict (collection_id, wnid, sha256, state, reviewers)
      select id, ${DRAGONFLY}, ${photo}, 'rejected', '{ana}' from collection limit 1`.execute(db);
    await sql`insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, value, at)
      select id, ${photo}, ${DRAGONFLY}, 'ana', 'tab', 1, 'verdict',
        '{"verdict": "accept", "reason": null, "shownBy": "grid", "isBlind": true}', now() from collection limit 1`.execute(
      db,
    );
    onTestFinished(async () => {
      await sql`delete from review_event`.execute(db);
      await sql`delete from verdict`.execute(db);
    });
    const dir = folderFor('wrong verdict');
    await backup(dir);
    const restored = await restoreInto(await emptyTarget('nothing'), dir);
    expect(problemsOf(restored)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^the verdict on the photo [0-9a-f]{64} as ${DRAGONFLY} in some differs from its events: state is "rejected", not "accepted"$`,
        ),
      ),
    ]);
    await sql`update verdict set state = 'accepted'`.execute(db);
    expect((await auditDataFolder(theApp(), signal)).flatMap(({ problems }) => problems)).toEqual([]);
    await sql`delete from verdict`.execute(db);
    expect((await auditDataFolder(theApp(), signal)).flatMap(({ problems }) => problems)).toEqual([
      expect.stringMatching(/^the verdict on .* is not stored, although there are 1 events$/),
    ]);
  });

  it('with an unreadable list of photos takes the next backup, which warns, keeps all photos and obeys takedowns', async () => {
    const dir = folderFor('list');
    const { db } = theApp();
    const { snapshot } = await backup(dir);
    const [first] = await readSnapshots(await openToRead(dir));
    const list = openBlobFolder(path.join(dir, 'catalogue')).pathOf(first?.photos.portions[0]?.file ?? toSha256(''));
    const spoil = async (): Promise<void> => writeFile(list, Buffer.alloc((await stat(list)).size));
    await spoil();
    // The same list is written again.
    expect(await backup(dir)).toMatchObject({ warnings: [], copied: { photos: 0 } });
    await backup(dir);
    const [gone = toSha256('')] = await storedPhotos();
    await sql`update photo set bytes_state = 'pruned', pruned_at = now() where sha256 = decode(${gone}, 'hex')`.execute(
      db,
    );
    onTestFinished(async () => {
      await sql`update photo set bytes_state = 'stored', pruned_at = null where sha256 = decode(${gone}, 'hex')`.execute(
        db,
      );
    });
    await spoil();
    const stray = toSha256(createHash('sha256').update('stray').digest('hex'));
    const inBackup = openBlobFolder(path.join(dir, 'blobs'));
    await inBackup.put(stray, Buffer.from('stray'));
    const takedown = { sha256: gone, source: null, sourceId: null, url: null, reason: 'asked to', at: first?.at };
    await writeFile(path.join(dir, 'takedowns.json'), JSON.stringify([takedown]));
    const made = await backup(dir);
    expect(made.warnings).toEqual([
      expect.stringContaining(`The list of photos of the snapshot ${snapshot} cannot be read`),
    ]);
    expect([made.removed.photos, await inBackup.sizeOf(stray), await inBackup.sizeOf(gone)]).toEqual([1, 5, null]);
    // Without that snapshot all is well.
    expect(await backup(dir, { keep: 1 })).toMatchObject({ warnings: [], removed: { photos: 1 } });
  });

  it('is made whole by the next backup, except for photos of the right size, and with --verify everywhere', async () => {
    const dir = folderFor('healed');
    await backup(dir);
    const [photo = '', other = '', cut = ''] = await filesIn(path.join(dir, 'blobs'));
    await writeFile(photo, Buffer.alloc((await stat(photo)).size));
    await writeFile(cut, 'cut');
    await rm(other);
    const parts = await filesIn(path.join(dir, 'catalogue'));
    const [zeros = ''] = parts;
    await writeFile(zeros, Buffer.alloc((await stat(zeros)).size));
    for (const part of parts.slice(1, 3)) await writeFile(part, 'cut');
    const next = await backup(dir);
    expect([next.copied.photos, next.copied.catalogueBytes > 0]).toEqual([2, true]);
    const verified = await backup(dir, { verify: true });
    expect([verified.copied.photos, verified.copied.catalogueBytes]).toEqual([1, 0]);
    expect(problemsOf(await restoreInto(await emptyTarget(), dir))).toEqual([]);
  });
});

describe('a folder that cannot be the backup or the target', () => {
  it('is refused with a message that says why', async () => {
    const { dataDir } = theApp();
    await expect(backup(path.join(dataDir, 'backup'))).rejects.toThrow(/is inside the data folder/);
    await expect(stat(path.join(dataDir, 'backup'))).rejects.toThrow('ENOENT');
    await expect(backup(root)).rejects.toThrow(/contains the data folder/);
    const letters = path.join(root, 'letters');
    await mkdir(letters);
    await writeFile(path.join(letters, 'a.txt'), 'dear');
    await expect(backup(letters)).rejects.toThrow(
      /Expected an empty folder or a backup in '.*' but it has other files \(a\.txt\)/,
    );
    await expect(backup(path.join(letters, 'a.txt'))).rejects.toThrow(
      /Cannot use the folder '.*a\.txt' for the backup/,
    );
    for (const dir of [letters, path.join(root, 'absent')]) {
      await expect(chooseSnapshot(dir, undefined)).rejects.toThrow(/There is no backup in /);
      await expect(applyTakedowns(theApp(), dir)).rejects.toThrow(/There is no backup in /);
    }
    await expect(requireFreshFolder(letters)).rejects.toThrow(
      /Expected an empty data folder '.*' \(--data\) but it has a\.txt/,
    );
    const dir = folderFor('refusals');
    const { snapshot } = await backup(dir);
    await expect(chooseSnapshot(dir, 'yesterday')).rejects.toThrow(
      `Expected one of its snapshots in '${dir}' (${snapshot}) but received 'yesterday'`,
    );
    const other = await emptyTarget();
    const opened = await openAt(other.url, other.dataDir);
    onTestFinished(() => opened.close());
    await expect(backup(dir, { app: opened })).rejects.toThrow(/is of another catalogue/);
    const target = { url: database.url, dataDir: path.join(root, 'unused') };
    await expect(restoreInto(target, dir)).rejects.toThrow(/Expected nobody else on the target/);
    const used = await emptyTarget();
    await onServer(used.url, 'create table birds (name text)');
    await expect(restoreInto(used, dir)).rejects.toThrow(/found the tables public\.birds; give another one/);
    const empty = await emptyTarget();
    const file = openBlobFolder(path.join(empty.dataDir, 'blobs'));
    await file.put(toSha256(createHash('sha256').update('x').digest('hex')), Buffer.from('x'));
    await expect(restoreInto(empty, dir)).rejects.toThrow(/Expected no photos at the target but found /);
  });

  it('is refused while another backup writes into it, also one of another catalogue', async () => {
    const dir = folderFor('locked');
    const other = await emptyTarget();
    const opened = await openAt(other.url, other.dataDir);
    onTestFinished(() => opened.close());
    const reasonOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: Error) => error.message);
    const tryBoth = (): Promise<unknown[]> =>
      Promise.all([reasonOf(backup(dir, { app: opened })), reasonOf(applyTakedowns(opened, dir))]);
    let others: Promise<unknown[]> | undefined;
    // The first backup waits for them.
    const waiting = { ...theApp().blobs, check: async (): Promise<void> => void (await (others ??= tryBoth())) };
    await backup(dir, { app: { ...theApp(), blobs: waiting } });
    const refusal = expect.stringMatching(
      /Expected the lock '.*backup\.lock' .* process \d+ on .* \(winnow backup, since/,
    );
    expect(await others).toEqual([refusal, refusal]);
    expect(await readdir(dir)).not.toContain('backup.lock');
  });

  it('leaves earlier snapshots as they are when its disk is full, and gives them when it is read-only', async (context) => {
    const disk = path.join(root, 'disk');
    const small = mountSmallDisk(context, disk, 64);
    const dir = path.join(disk, 'backup');
    const { snapshot } = await backup(dir);
    const { db } = theApp();
    small.resize(1);
    await sql`insert into notice (source, sha256, pictures) select 'flickr', sha256(i::text::bytea), i from generate_series(1, 40000) as i`.execute(
      db,
    );
    onTestFinished(async () => void (await sql`delete from notice where pictures <= 40000`.execute(db)));
    await expect(backup(dir)).rejects.toThrow(/No room for a file of \d+ bytes in /);
    expect((await readSnapshots(await openToRead(dir))).map(({ id }) => id)).toEqual([snapshot]);
    small.resize(64);
    expect((await backup(dir)).snapshots).toHaveLength(2);
    // A read-only disk gives its snapshots, and takes none.
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expect(backup(dir)).rejects.toThrow(/Cannot use the folder '.*' for the backup: EROFS/);
    const restored = await restoreInto(await emptyTarget(), dir, { id: snapshot });
    expect(problemsOf(restored)).toEqual([]);
  });
});
