import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { pruneRange, storedRanges, wouldPrune } from '../../../../src/core/filter/prune/prune.process.ts';
import { lockBytes, setBytesState, sharePruned } from '../../../../src/core/photo/pruned.repository.ts';
import { finishPruning } from '../../../../src/core/photo/prune-bytes.process.ts';
import { storeDecisions } from '../../../../src/core/filter/run/decision.repository.ts';
import { undecodable, type NewDecision } from '../../../../src/core/filter/rule/decision.ts';
import { registerClassList } from '../../../../src/core/models/evidence/evidence.repository.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  decideAs,
  dropped,
  emptyCatalogue,
  fetched,
  kept,
  photo,
} from '../../../support/catalogue-fixtures.ts';
import { bytesStates, Disk, EVERYTHING, onDisk, recorded } from './prune-setting.ts';

const database = useDatabase({ poolSize: 6 });
let disk = new Disk();
beforeEach(async () => {
  await emptyCatalogue(database.db);
  disk = new Disk();
});

const at = () => ({ db: database.db, disk });
const signal = new AbortController().signal;

describe('pruneRange', () => {
  it('deletes the bytes of dropped photos, and keeps everything that is known about them', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    const a = await onDisk(at(), 'A');
    const b = await onDisk(at(), 'B');
    await decideAs(db, birds, [dropped(a, 'n01'), kept(b, 'n01')]);
    const before = await db.selectFrom('picture').selectAll().execute();
    expect(await wouldPrune(EVERYTHING, disk.depsOf(db, birds))).toMatchObject({ gone: { photos: 1, bytes: 100_000 } });
    expect(disk.has('A')).toBe(true);
    expect(await pruneRange(EVERYTHING, disk.depsOf(db, birds))).toEqual({
      gone: { photos: 1, bytes: 100_000 },
      held: [{ photoId: b, reason: 'kept', collection: 'birds', bytes: 100_000 }],
    });
    expect([disk.has('A'), disk.has('B'), await bytesStates(db)]).toEqual([false, true, ['pruned', 'stored']]);
    expect(await db.selectFrom('picture').selectAll().execute()).toEqual(before);
    expect(await db.selectFrom('decision').select(['photo_id', 'state']).orderBy('photo_id').execute()).toEqual([
      { photo_id: a, state: 'dropped' },
      { photo_id: b, state: 'kept' },
    ]);
    expect(await pruneRange(EVERYTHING, disk.depsOf(db, birds))).toMatchObject({ gone: { photos: 0 } });
  });

  const drop = dropped(0, 'n01');
  const asLeak: NewDecision = { ...drop, reason: 'in-reference-set', detail: 'twin', crop: null };
  /** The decisions of two collections for one photo of two classes, and which collections hold it. */
  const CASES: readonly {
    readonly title: string;
    readonly birds: readonly NewDecision[];
    readonly cats: readonly NewDecision[];
    readonly held: string | null;
  }[] = [
    { title: 'dropped by all', birds: [dropped(1, 'n01'), dropped(1, 'n02')], cats: [dropped(1, 'n02')], held: null },
    {
      title: 'a leak that no model saw',
      birds: [
        { ...asLeak, photoId: 1 },
        { ...asLeak, photoId: 1, wnid: 'n02' },
      ],
      cats: [dropped(1, 'n02')],
      held: null,
    },
    {
      title: 'not decided for one class',
      birds: [dropped(1, 'n01')],
      cats: [dropped(1, 'n02')],
      held: 'undecided birds',
    },
    {
      title: 'not decided by the other collection',
      birds: [dropped(1, 'n01'), dropped(1, 'n02')],
      cats: [],
      held: 'undecided cats',
    },
    {
      title: 'kept by the other collection',
      birds: [dropped(1, 'n01'), dropped(1, 'n02')],
      cats: [kept(1, 'n02')],
      held: 'kept cats',
    },
    {
      title: 'not decodable',
      birds: [dropped(1, 'n01'), dropped(1, 'n02')],
      cats: [undecodable(1, 'n02', 'cut off')],
      held: 'undecodable cats',
    },
    {
      title: 'kept for one class, not decided for the other',
      birds: [kept(1, 'n01')],
      cats: [dropped(1, 'n02')],
      held: 'kept birds',
    },
  ];
  it.each(CASES)('of a photo of two classes and two collections: $title', async ({ birds, cats, held }) => {
    const { db } = database;
    const scope = await recorded(db, 'birds');
    const other = await recorded(db, 'cats', { wnids: ['n02'] });
    expect(await onDisk(at(), 'A', ['n01', 'n02'])).toBe(1);
    await decideAs(db, scope, birds);
    await decideAs(db, other, cats);
    const outcome = await pruneRange(EVERYTHING, disk.depsOf(db, scope));
    expect(outcome.held.map(({ reason, collection }) => `${reason} ${collection}`)).toEqual(
      held === null ? [] : [held],
    );
    expect(disk.has('A')).toBe(held !== null);
  });

  it('ignores collections that take other licences or other classes', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    await recorded(db, 'free', { licences: ['CC0-1.0'] });
    await recorded(db, 'fish', { wnids: ['n03'] });
    await decideAs(db, birds, [dropped(await onDisk(at(), 'A'), 'n01')]);
    expect(await pruneRange(EVERYTHING, disk.depsOf(db, birds))).toMatchObject({ gone: { photos: 1 }, held: [] });
  });

  it('ignores collections that only have the models choose among a class', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    const wide = await recorded(db, 'wide');
    const list = sha256Of('wide list');
    await registerClassList(db, list, wide.wnids);
    const definition = JSON.stringify({ mode: 'A', classes: ['n02'], licences: 'any', classListSha256: list });
    await db.updateTable('collection').set({ definition }).where('name', '=', 'wide').execute();
    await decideAs(db, birds, [
      dropped(await onDisk(at(), 'A', ['n01']), 'n01'),
      dropped(await onDisk(at(), 'B', ['n02']), 'n02'),
    ]);
    const { held } = await pruneRange(EVERYTHING, disk.depsOf(db, birds));
    expect(held).toMatchObject([{ reason: 'undecided', collection: 'wide' }]);
    expect([disk.has('A'), disk.has('B')]).toEqual([false, true]);
  });

  it('keeps photos of a collection whose rules cannot be read', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    await recorded(db, 'odd');
    await db.updateTable('collection').set({ definition: '{"classes": 7}' }).where('name', '=', 'odd').execute();
    await decideAs(db, birds, [dropped(await onDisk(at(), 'A'), 'n01')]);
    expect(await pruneRange(EVERYTHING, disk.depsOf(db, birds))).toMatchObject({
      held: [{ reason: 'undecided', collection: 'odd' }],
    });
  });

  it('keeps a photo of a concept that any collection of concepts must decide', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    await recorded(db, 'concepts', { wnids: ['n02'] });
    const definition = JSON.stringify({ mode: 'O', classes: ['n02'], concepts: 'any', licences: 'any' });
    await db.updateTable('collection').set({ definition }).where('name', '=', 'concepts').execute();
    await decideAs(db, birds, [
      dropped(await onDisk(at(), 'A', ['n01']), 'n01'),
      dropped(await onDisk(at(), 'B', ['n02']), 'n02'),
    ]);
    const { held } = await pruneRange(EVERYTHING, disk.depsOf(db, birds));
    expect(held).toMatchObject([{ photoId: 1, reason: 'undecided', collection: 'concepts' }]);
    expect([disk.has('A'), disk.has('B')]).toEqual([true, false]);
  });

  it('ignores decisions under rules that have changed', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    await decideAs(db, birds, [dropped(await onDisk(at(), 'A'), 'n01')]);
    const now = { ...birds, decisionSha256: sha256Of('other rules') };
    expect(await pruneRange(EVERYTHING, disk.depsOf(db, now))).toMatchObject({ held: [{ reason: 'undecided' }] });
  });

  it('keeps photos that were kept until they turned out to be leaks, and photos of a shortlist', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    const [leak, listed] = [await onDisk(at(), 'A'), await onDisk(at(), 'B')];
    await decideAs(db, birds, [{ ...asLeak, photoId: leak }, kept(listed, 'n01')]);
    await sql`update decision set overruled = '{"state": "kept"}' where photo_id = ${leak}`.execute(db);
    await buildShortlist(db, birds, { policy: { cap: 5, nearDuplicateDistance: 4 }, backboneId: null });
    const later = { ...birds, decisionSha256: sha256Of('stricter rules') };
    await decideAs(db, later, [dropped(listed, 'n01'), dropped(leak, 'n01')]);
    await sql`update decision set overruled = '{"state": "kept"}' where photo_id = ${leak}`.execute(db);
    const { held } = await pruneRange(EVERYTHING, disk.depsOf(db, later));
    expect(held.map(({ photoId, reason }) => [photoId, reason])).toEqual(
      expect.arrayContaining([
        [leak, 'kept'],
        [listed, 'listed'],
      ]),
    );
  });
});

describe('a prune that ends in the middle', () => {
  it('loses nothing that is needed if it is killed between marking and deleting, and the next prune finishes it', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    for (const name of ['A', 'B']) await decideAs(db, birds, [dropped(await onDisk(at(), name), 'n01')]);
    const program = fileURLToPath(new URL('pruner.ts', import.meta.url));
    const args = [String(birds.collectionId), birds.decisionSha256];
    const killed = spawnSync(process.execPath, ['--import', 'tsx', program, database.url, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect([killed.signal, killed.stderr]).toEqual(['SIGKILL', '']);
    expect([disk.has('A'), disk.has('B'), await bytesStates(db)]).toEqual([true, true, ['pruning', 'pruning']]);
    expect(await finishPruning(disk.depsOf(db, birds), signal)).toEqual({ photos: 2, bytes: 200_000 });
    expect([disk.has('A'), disk.has('B'), await bytesStates(db)]).toEqual([false, false, ['pruned', 'pruned']]);
  });

  it('reports a disk that refuses to delete, and photos with bytes stay stored', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    for (const name of ['A', 'B', 'C']) await decideAs(db, birds, [dropped(await onDisk(at(), name), 'n01')]);
    const deps = disk.depsOf(db, birds);
    const refused = Object.assign(new Error('EROFS: read-only file system, unlink'), { code: 'EROFS' });
    const failing = pruneRange(EVERYTHING, {
      ...deps,
      remove: (sha256) => (sha256 === photo('B').sha256 ? deps.remove(sha256) : Promise.reject(refused)),
      // For one it is not even known whether it exists.
      sizeOf: (sha256) => (sha256 === photo('C').sha256 ? Promise.reject(refused) : deps.sizeOf(sha256)),
    });
    await expect(failing).rejects.toMatchObject({
      name: 'StopTheRun',
      code: 'folder-read-only',
      message: expect.stringContaining('read-only file system'),
    });
    expect(await bytesStates(db)).toEqual(['stored', 'pruned', 'pruning']);
    expect(await finishPruning(deps, signal)).toMatchObject({ photos: 1 });
    expect(await pruneRange(EVERYTHING, deps)).toMatchObject({ gone: { photos: 1 } });
  });
});

describe('a prune beside others', () => {
  it('deletes everything once if another prune runs at the same moment', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    for (let i = 0; i < 20; i += 1) await decideAs(db, birds, [dropped(await onDisk(at(), `p${i}`), 'n01')]);
    const deps = disk.depsOf(db, birds);
    const outcomes = await Promise.all(Array.from({ length: 3 }, () => pruneRange(EVERYTHING, deps)));
    expect(outcomes.reduce((total, { gone }) => total + gone.photos, 0)).toBe(20);
    expect(new Set(await bytesStates(db))).toEqual(new Set(['pruned']));
  });

  it('waits for a filter that is about to keep a photo, and leaves the photo', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    const cats = await recorded(db, 'cats', { wnids: ['n02'] });
    const id = await onDisk(at(), 'A', ['n01', 'n02']);
    await decideAs(db, birds, [dropped(id, 'n01'), dropped(id, 'n02')]);
    await decideAs(db, cats, [dropped(id, 'n02')]);
    const again = { ...cats, decisionSha256: sha256Of('looser rules') };
    let pruning: ReturnType<typeof pruneRange> | undefined;
    await db.transaction().execute(async (trx) => {
      expect(await sharePruned(trx, [id])).toEqual(new Set());
      await storeDecisions(trx, again, [kept(id, 'n02')]);
      pruning = pruneRange(EVERYTHING, disk.depsOf(db, birds));
      await waitsForLock();
    });
    expect(await pruning).toMatchObject({ gone: { photos: 0 }, held: [{ reason: 'kept', collection: 'cats' }] });
    expect(disk.has('A')).toBe(true);
  });

  it('waits for rules that change, and the reverse', async () => {
    const { db } = database;
    const birds = await recorded(db, 'birds');
    const id = await onDisk(at(), 'A');
    await decideAs(db, birds, [dropped(id, 'n01')]);
    let pruning: ReturnType<typeof pruneRange> | undefined;
    await db.transaction().execute(async (trx) => {
      const rules = Buffer.from(sha256Of('looser rules'), 'hex');
      await trx.updateTable('collection').set({ decision_sha256: rules }).execute();
      pruning = pruneRange(EVERYTHING, disk.depsOf(db, { ...birds, decisionSha256: sha256Of('looser rules') }));
      await waitsForLock();
    });
    expect(await pruning).toMatchObject({ gone: { photos: 0 }, held: [{ reason: 'undecided' }] });
  });
});

describe('storedRanges', () => {
  it('covers every photo with bytes, and skips photos without', async () => {
    const { db } = database;
    await recorded(db, 'birds');
    for (let i = 0; i < 3; i += 1) await fetched(db, [candidate(`p${i}`)], `photo ${i}`);
    await db.transaction().execute(async (trx) => {
      await lockBytes(trx, [2], 'stored');
      await setBytesState(trx, [2], 'pruned');
    });
    const ranges = [];
    for await (const range of storedRanges(db)) ranges.push(range);
    expect(ranges).toEqual([{ from: 1, before: 513 }]);
  });
});

async function waitsForLock(): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    const { rows } = await sql<{ waiting: number }>`
      select count(*) as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      database.db,
    );
    if ((rows[0]?.waiting ?? 0) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('Expected a connection to wait for a lock but none does');
}
