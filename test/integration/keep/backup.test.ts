import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { openToRead, readSnapshots } from '../../../src/keep/backup-folder.process.ts';
import { chooseSnapshot, requireFreshFolder } from '../../../src/keep/restore.process.ts';
import { applyTakedowns } from '../../../src/keep/sweep.process.ts';
import { collectionScopes } from '../../../src/core/filter/prune/retention.repository.ts';
import { foldPhotoCounts } from '../../../src/core/filter/run/photo-tally.repository.ts';
import { migrateCatalogue } from '../../../src/core/operate/upkeep/migrate-catalogue.process.ts';
import { loadConfig } from '../../../src/core/config/load-config.ts';
import { toSha256 } from '../../../src/core/kernel/ids.ts';
import { takeDown } from '../../../src/core/photo/takedown.repository.ts';
import { openBlobFolder } from '../../../src/core/platform/blobs/blob-folder.ts';
import { onServer } from '../../support/database.ts';
import {
  theApp,
  openAt,
  openTarget,
  markPruned,
  backup,
  emptyTarget,
  restoreInto,
  contents,
  filesIn,
  storedPhotos,
  problemsOf,
  withoutBytes,
  folderFor,
  signal,
  useMadeCatalogue,
} from './backup-support.ts';

const catalogue = useMadeCatalogue();
const { database } = catalogue;

describe('winnow backup and restore', () => {
  it('bring back every row except the session key, and every byte, and numbers continue', async () => {
    const dir = folderFor('whole');
    const { db } = theApp();
    // Counting photos marks their links, and a restore ends with a count.
    for (const { scope } of await db.transaction().execute(collectionScopes)) await foldPhotoCounts(db, scope);
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
    const ids = `select last_value, is_called from picture_id_seq union all select last_value, is_called from photo_id_seq`;
    expect(await onServer(target.url, ids)).toEqual(await onServer(database.url, ids));
    const triggers = `select tgname from pg_trigger where not tgisinternal and tgenabled <> 'O'`;
    expect(await onServer(target.url, triggers)).toEqual([]);
    // A backup of the restored catalogue continues in the same folder. Only the record of the restore is new.
    const next = await backup(dir, { app: await openTarget(target) });
    expect(next.copied).toMatchObject({ photos: 0, bytes: 0 });
    expect(next.copied.catalogueBytes).toBeLessThan(1_000);
    const modes = await Promise.all(['', 'blobs', 'catalogue', 'snapshots'].map((name) => stat(path.join(dir, name))));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o700, 0o700, 0o700]);
  });

  it('copy only what is new the second time, and remove what no kept snapshot needs', async () => {
    const dir = folderFor('twice');
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
    await markPruned(gone);
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
    const opened = await openTarget(own);
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
    // Both hashes and both places, of which a copy at Commons may tell.
    expect([applied.photos, applied.added]).toEqual([2, 4]);
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
    const [missing = toSha256(''), damaged = toSha256(''), pruned = toSha256('')] = await storedPhotos();
    await withoutBytes(missing);
    await withoutBytes(damaged, 'other bytes');
    await withoutBytes(pruned);
    // The snapshot has begun when the first table is read.
    let marking: Promise<void> | undefined;
    const made = await backup(dir, { onTable: () => void (marking ??= markPruned(pruned)) });
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
});

describe('a folder that cannot be the backup or the target', () => {
  it('is refused with a message that says why', async () => {
    const { dataDir } = theApp();
    await expect(backup(path.join(dataDir, 'backup'))).rejects.toThrow(/is inside the data folder/);
    await expect(stat(path.join(dataDir, 'backup'))).rejects.toThrow('ENOENT');
    await expect(backup(catalogue.at())).rejects.toThrow(/contains the data folder/);
    const letters = catalogue.at('letters');
    await mkdir(letters);
    await writeFile(path.join(letters, 'a.txt'), 'dear');
    await expect(backup(letters)).rejects.toThrow(
      /Expected an empty folder or a backup in '.*' but it has other files \(a\.txt\)/,
    );
    await expect(backup(path.join(letters, 'a.txt'))).rejects.toThrow(
      /Cannot use the folder '.*a\.txt' for the backup/,
    );
    for (const dir of [letters, catalogue.at('absent')]) {
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
    const other = await openTarget(await emptyTarget());
    await expect(backup(dir, { app: other })).rejects.toThrow(/is of another catalogue/);
    const target = { url: database.url, dataDir: catalogue.at('unused') };
    await expect(restoreInto(target, dir)).rejects.toThrow(/Expected nobody else on the target/);
    const used = await emptyTarget();
    await onServer(used.url, 'create table birds (name text)');
    await expect(restoreInto(used, dir)).rejects.toThrow(/found the tables public\.birds; give another one/);
    const empty = await emptyTarget();
    const file = openBlobFolder(path.join(empty.dataDir, 'blobs'));
    await file.put(toSha256(createHash('sha256').update('x').digest('hex')), Buffer.from('x'));
    await expect(restoreInto(empty, dir)).rejects.toThrow(/Expected no photos at the target but found /);
  });
});
