import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { ReviewActionSent } from '../../../../src/core/review/desk/desk.ts';
import { recordAction, type Recorded } from '../../../../src/core/review/events/record-action.process.ts';
import { takePhotos } from '../../../../src/core/review/desk/take-photos.process.ts';
import { collection, emptyCatalogue } from '../../../support/catalogue-fixtures.ts';
import type { DeskView } from '../../../../src/core/review/desk/known-photos.repository.ts';
import type { Subject } from '../../../../src/core/review/events/event.ts';
import { useDatabase } from '../../../support/database.ts';
import { until } from '../../../support/until.ts';

const database = useDatabase();
/** More than one slice. */
const PHOTOS = 2_100;

async function makeList(): Promise<{ readonly viewOf: (reviewer: string) => DeskView; readonly all: Subject[] }> {
  await emptyCatalogue(database.db);
  const scope = await collection(database.db, 'reviewed');
  await sql`
    insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash, fine_hash)
    select sha256(int4send(n)), 'jpeg', 64, 64, 1000, 1, substr(sha256(int4send(n)), 1, 8), decode(repeat('01', 255), 'hex')
    from generate_series(1, ${PHOTOS}::int) as n`.execute(database.db);
  await sql`
    insert into shortlist (collection_id, cap, near_duplicate_distance, decision_sha256)
    values (${scope.collectionId}, 15, 6, ${Buffer.from(scope.decisionSha256, 'hex')})`.execute(database.db);
  await sql`
    insert into shortlist_entry (collection_id, wnid, photo_id, position, rank, state, confusion_wnid, max_true_prob, confusion_prob, also_in)
    select ${scope.collectionId}, 'n0' || 1 + id % 3, id, id, id, 'listed', 'n09', 0.1, 0.9, '{}' from photo`.execute(
    database.db,
  );
  const { rows } = await sql<Subject>`
    select encode(f.sha256, 'hex') as sha256, e.wnid from shortlist_entry e join photo f on f.id = e.photo_id order by f.id`.execute(
    database.db,
  );
  return {
    viewOf: (reviewer) => ({
      scope,
      reviewer,
      secondPass: 0,
      ensembleModels: [],
      isBlind: false,
      asked: [],
      readsOwn: false,
    }),
    all: rows,
  };
}

const accept = (subjects: readonly Subject[], sequence = 1): ReviewActionSent => ({
  kind: 'verdict',
  sequence,
  at: '2026-11-26T12:00:00.000Z',
  subjects,
  value: { verdict: 'accept', reason: null, shownBy: 'grid' },
});

const record = (view: DeskView, action: ReviewActionSent): Promise<Recorded> =>
  recordAction(database.db, view, { client: view.reviewer, action, leaseMs: 60_000 });

async function countEvents(): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from review_event`.execute(database.db);
  return rows[0]?.count ?? 0;
}

async function countBlocked(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())
      or not granted and locktype = 'transactionid'`.execute(database.db);
  return rows[0]?.count ?? 0;
}

describe('a decision on many photos', () => {
  it('is stored for all of them, and is undone and done again as one', async () => {
    const { viewOf, all } = await makeList();
    const ann = viewOf('ann');
    expect(await record(ann, accept(all))).toMatchObject({ stored: PHOTOS, skipped: 0 });
    expect(await record(ann, accept(all))).toMatchObject({ stored: PHOTOS, skipped: 0 });
    const at = '2026-11-26T12:00:01.000Z';
    const undo = { kind: 'undo', sequence: 2, at, of: { client: 'ann', sequence: 1 } } as const;
    expect(await record(ann, undo)).toMatchObject({ stored: PHOTOS, skipped: 0 });
    const redo = { kind: 'redo', sequence: 3, at, of: { client: 'ann', sequence: 2 } } as const;
    expect(await record(ann, redo)).toMatchObject({ stored: PHOTOS, skipped: 0 });
    expect(await countEvents()).toBe(3 * PHOTOS);
  });

  it('is stored for none of them if the last one fails', async () => {
    const { viewOf, all } = await makeList();
    const [one] = all;
    if (one === undefined) throw new Error('Expected photos');
    await sql`
      insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, value)
      values (${viewOf('ann').scope.collectionId}, ${Buffer.from(one.sha256, 'hex')}, ${one.wnid}, 'bob', 'ann/1', ${PHOTOS}, 'note', '{"note": ""}')`.execute(
      database.db,
    );
    await expect(record(viewOf('ann'), accept(all))).rejects.toThrow("or of another reviewer's");
    expect(await countEvents()).toBe(1);
    const { rows } = await sql`select 1 from verdict where state <> 'unreviewed'`.execute(database.db);
    expect(rows).toEqual([]);
  });

  it('keeps nobody from taking photos while it is stored', async () => {
    const { viewOf, all } = await makeList();
    const order: string[] = [];
    const work: Promise<unknown>[] = [];
    await database.db.transaction().execute(async (trx) => {
      // Storing an event waits for this lock, so that the decision stays where it is.
      await sql`lock table review_event in share row exclusive mode`.execute(trx);
      work.push(record(viewOf('ann'), accept(all)).then(() => order.push('decision')));
      await until(async () => (await countBlocked()) === 1);
      const request = { client: 'bob', order: 'confusions', filter: {}, count: 3, held: [] } as const;
      work.push(
        takePhotos(database.db, viewOf('bob'), { ...request, leaseMs: 60_000 }).then(() => order.push('lease')),
      );
      await until(async () => order.length > 0 || (await countBlocked()) === 2);
    });
    await Promise.all(work);
    expect(order).toEqual(['lease', 'decision']);
  });

  it('leaves out what others take while it is stored', async () => {
    const { viewOf, all } = await makeList();
    const request = { client: 'bob', order: 'confusions', filter: {}, count: 3, held: [] } as const;
    const [done, { photos }] = await Promise.all([
      record(viewOf('ann'), accept(all)),
      takePhotos(database.db, viewOf('bob'), { ...request, leaseMs: 60_000 }),
    ]);
    expect(done).toMatchObject({ stored: PHOTOS - photos.length, skipped: photos.length });
    const { rows } = await sql`select 1 from verdict where state = 'accepted'`.execute(database.db);
    expect([rows.length, await countEvents()]).toEqual([PHOTOS - photos.length, PHOTOS - photos.length]);
  });

  it('that comes in parts is one action: it can be sent again, and is undone as one', async () => {
    const { viewOf, all } = await makeList();
    const ann = viewOf('ann');
    const part = (number: number): ReviewActionSent => ({
      ...accept(all.slice(2 * (number - 1), 2 * number)),
      part: number,
    });
    for (const number of [1, 1, 2, 3, 2])
      expect(await record(ann, part(number))).toMatchObject({ stored: 2, skipped: 0 });
    expect(await countEvents()).toBe(6);
    const at = '2026-11-26T12:00:01.000Z';
    const undo = { kind: 'undo', sequence: 2, at, of: { client: 'ann', sequence: 1 } } as const;
    expect(await record(ann, undo)).toMatchObject({ stored: 6, skipped: 0 });
  });
});
