import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openToRead, readSnapshots } from '../../../src/keep/backup-folder.process.ts';
import { chooseSnapshot } from '../../../src/keep/restore.process.ts';
import { applyTakedowns } from '../../../src/keep/sweep.process.ts';
import { auditDataFolder } from '../../../src/core/operate/upkeep/audit.process.ts';
import { WinnowError } from '../../../src/core/kernel/errors.ts';
import { toSha256, type Sha256 } from '../../../src/core/kernel/ids.ts';
import { openBlobFolder } from '../../../src/core/platform/blobs/blob-folder.ts';
import { openBlobBucket } from '../../../src/core/platform/blobs/blob-bucket.ts';
import { MIGRATIONS } from '../../../src/core/platform/postgres/migrations/index.ts';
import { migrateUpTo, openPool } from '../../../src/core/platform/postgres/open-database.ts';
import { applicationName, onServer } from '../../support/database.ts';
import { DRAGONFLY } from '../../support/made-catalogue.ts';
import { startS3 } from '../../support/s3-server.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';
import {
  theApp,
  openAt,
  openTarget,
  markPruned,
  backup,
  emptyTarget,
  restoreInto,
  filesIn,
  storedPhotos,
  editSnapshot,
  problemsOf,
  folderFor,
  signal,
  useMadeCatalogue,
} from './backup-support.ts';

const catalogue = useMadeCatalogue();

describe('winnow backup and restore', () => {
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
      localFolder: catalogue.at('copies'),
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
    const connection = { url: old.url, applicationName: `winnow backup ${process.pid}` };
    await backup(dir, { app: { ...theApp(), db, connection } });
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
    await editSnapshot(dir, (value) => ({
      ...value,
      winnow: '9.0.0',
      migrations: [...value.migrations, '9999-future'],
    }));
    const file = path.join(dir, 'snapshots', `${snapshot}.json`);
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
  it('that lacks rows or a table of its snapshot is not restored', async () => {
    const dir = folderFor('fewer rows');
    await backup(dir);
    await editSnapshot(dir, ({ tables, ...rest }) => ({
      ...rest,
      tables: tables.map((table) => (table.name === 'collection_candidate' ? { ...table, portions: [] } : table)),
    }));
    const target = await emptyTarget('nothing');
    const fewer =
      /^Expected the rows of the backup when they are read back but collection_candidate: \d+ and 0 rows differ/;
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
    const { snapshot } = await backup(dir);
    const [first] = await readSnapshots(await openToRead(dir));
    const list = openBlobFolder(path.join(dir, 'catalogue')).pathOf(first?.photos.portions[0]?.file ?? toSha256(''));
    const spoil = async (): Promise<void> => writeFile(list, Buffer.alloc((await stat(list)).size));
    await spoil();
    // The same list is written again.
    expect(await backup(dir)).toMatchObject({ warnings: [], copied: { photos: 0 } });
    await backup(dir);
    const [gone = toSha256('')] = await storedPhotos();
    await markPruned(gone);
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

describe('a backup that was changed', () => {
  const sentenceOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'restored',
      (error: unknown) => (error instanceof WinnowError ? error.message : error),
    );
  const isDamaged = expect.stringMatching(
    / (is|are) damaged.*(Restore another snapshot|[Tt]ake it from a copy|take the )/,
  );

  it('in its files gets a sentence', async () => {
    const dir = folderFor('changed files');
    const { snapshot } = await backup(dir);
    const file = path.join(dir, 'snapshots', `${snapshot}.json`);
    const whole = await readFile(file, 'utf8');
    const texts = ['', '\0'.repeat(40), whole.slice(0, whole.length / 2), 'null', '[]', '{}', '"text"', `${whole}}`];
    for (const text of texts) {
      await writeFile(file, text);
      expect(await sentenceOf(chooseSnapshot(dir, undefined)), text.slice(0, 20)).toEqual(isDamaged);
    }
    await rm(file);
    await mkdir(file);
    expect(await sentenceOf(chooseSnapshot(dir, undefined))).toEqual(isDamaged);
    await rm(file, { recursive: true });
    await writeFile(file, whole);
    await editSnapshot(dir, (value) => ({ ...value, migrations: ['constructor'] }));
    expect(await sentenceOf(chooseSnapshot(dir, undefined))).toEqual(
      expect.stringContaining("does not know its migration 'constructor'"),
    );
    await writeFile(file, whole);
    const takedowns = path.join(dir, 'takedowns.json');
    const nothing = { sha256: null, source: null, sourceId: null, url: null, reason: '', at: '2026-11-01T00:00:00Z' };
    for (const text of ['', '{}', '[1]', JSON.stringify([nothing])]) {
      await writeFile(takedowns, text);
      expect(await sentenceOf(restoreInto(await emptyTarget('nothing'), dir)), text).toEqual(isDamaged);
    }
    await rm(takedowns);
    const [portion = ''] = await filesIn(path.join(dir, 'catalogue'));
    for (const change of [() => writeFile(portion, ''), () => rm(portion), () => mkdir(portion)]) {
      await change();
      expect(await sentenceOf(restoreInto(await emptyTarget('nothing'), dir))).toEqual(isDamaged);
    }
  });

  it('in its rows gets a sentence, although the hashes fit', async () => {
    const dir = folderFor('changed rows');
    const { snapshot } = await backup(dir);
    const file = path.join(dir, 'snapshots', `${snapshot}.json`);
    const whole = await readFile(file, 'utf8');
    const parts = openBlobFolder(path.join(dir, 'catalogue'));
    const hashOf = (bytes: Buffer): Sha256 => toSha256(createHash('sha256').update(bytes).digest('hex'));
    const changes: ((text: string) => string)[] = [
      (text) => text.replace(/^[^\t]*/, 'none'),
      (text) => text + text,
      (text) => text.slice(0, -20),
      () => 'not a row\n',
      (text) => text.replaceAll('\t', '\0'),
    ];
    for (const change of changes) {
      await writeFile(file, whole);
      const [{ tables } = { tables: [] }] = await readSnapshots(await openToRead(dir));
      const [portion] = tables.find(({ name }) => name === 'photo')?.portions ?? [];
      const text = Buffer.from(change(gunzipSync(await parts.read(portion?.file ?? toSha256(''))).toString()));
      const bytes = gzipSync(text);
      await parts.put(hashOf(bytes), bytes);
      const changed = { sha256: hashOf(text), file: hashOf(bytes), bytes: bytes.length };
      await editSnapshot(dir, (value) => ({
        ...value,
        tables: value.tables.map((table) => (table.name === 'photo' ? { ...table, portions: [changed] } : table)),
      }));
      expect(await sentenceOf(restoreInto(await emptyTarget('nothing'), dir)), String(change)).toEqual(isDamaged);
    }
    await writeFile(file, whole);
    await editSnapshot(dir, (value) => ({
      ...value,
      tables: value.tables.map((table) =>
        table.numbers === null ? table : { ...table, numbers: { lastValue: Number.MAX_SAFE_INTEGER, isCalled: true } },
      ),
    }));
    expect(await sentenceOf(restoreInto(await emptyTarget('nothing'), dir))).toEqual(isDamaged);
  });
});

describe('the folder of a backup', () => {
  it('is refused while another backup writes into it, also one of another catalogue', async () => {
    const dir = folderFor('locked');
    const opened = await openTarget(await emptyTarget());
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
    const disk = catalogue.at('disk');
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
