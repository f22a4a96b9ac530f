import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { codeOf } from '../../../../src/core/kernel/errors.ts';
import {
  beginWalk,
  completeWalk,
  holdPictures,
  listReferenceSets,
  removeReferenceSet,
  type ReferencePicture,
  type ReferenceSet,
} from '../../../../src/core/photo/reference-set.repository.ts';
import { useDatabase } from '../../../support/database.ts';
import { photo } from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(async () => {
  await database.db.deleteFrom('reference_set').execute();
});

function pictures(names: readonly string[], changedUs = 1): ReferencePicture[] {
  return names.map((name) => {
    const { sha256, perceptualHash, fineHash } = photo(name);
    return { path: `${name}.jpg`, bytes: 1, changedUs, sha256, perceptualHash, fineHash };
  });
}

const begin = (): Promise<ReferenceSet> =>
  beginWalk(database.db, { purpose: 'leaks', folder: '/pictures', distance: 6 });
const remove = ({ id }: ReferenceSet): Promise<void> =>
  database.db.transaction().execute((trx) => removeReferenceSet(trx, id));
const complete = (set: ReferenceSet): Promise<void> =>
  database.db.transaction().execute((trx) => completeWalk(trx, set, {}));

async function waitingInserts(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%into reference_picture%'`.execute(
    database.db,
  );
  return rows[0]?.count ?? 0;
}

describe('a reference set that is removed while it is added', () => {
  it('ends the walk with an error, while pictures are read and when the walk completes', async () => {
    const removed = {
      name: 'StopTheRun',
      code: 'reference-set-removed',
      message: expect.stringMatching(
        /reference set of '\/pictures' to stay .* removed \(winnow references remove\).* Add the set again/,
      ),
    };
    const first = await begin();
    await remove(first);
    await expect(holdPictures(database.db, first, pictures(['one']))).rejects.toMatchObject(removed);
    const second = await begin();
    await holdPictures(database.db, second, pictures(['one']));
    await remove(second);
    await expect(complete(second)).rejects.toMatchObject(removed);
    expect(await listReferenceSets(database.db)).toEqual([]);
  });

  it('makes new pictures wait for the removal, without a deadlock', async () => {
    const { db } = database;
    const set = await begin();
    await holdPictures(db, set, pictures(['one']));
    await complete(set);
    const held = await db.transaction().execute(async (trx) => {
      await sql`select from reference_set where id = ${set.id} for update`.execute(trx);
      // One stored picture that has changed, and one new picture.
      const holding = holdPictures(db, set, pictures(['one', 'two'], 2)).catch(codeOf);
      await expect.poll(waitingInserts, { timeout: 10_000 }).toBe(1);
      await removeReferenceSet(trx, set.id);
      return { holding };
    });
    expect(await held.holding).toBe('reference-set-removed');
  });
});
