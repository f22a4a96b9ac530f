import { beforeEach, describe, expect, it } from 'vitest';
import { forgetFailed } from '../../../../src/core/filter/run/decision.repository.ts';
import { undecodable } from '../../../../src/core/filter/rule/decision.ts';
import { refetchPictures } from '../../../../src/core/photo/lost-bytes.repository.ts';
import { keptWithRights } from '../../../../src/measure/report/reported-photo.repository.ts';
import { useDatabase } from '../../../support/database.ts';
import {
  candidate,
  collection,
  decideAs,
  emptyCatalogue,
  fetched,
  kept,
  photo,
  storePhoto,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

describe('a photo whose bytes are lost', () => {
  it('has all its pictures fetched again, and is then the same photo', async () => {
    const id = await fetched(database.db, [candidate('a')], 'A');
    await fetched(database.db, [candidate('b')], 'A');
    const other = await fetched(database.db, [candidate('c')], 'C');
    const scope = await collection(database.db, 'birds');
    await decideAs(database.db, scope, [kept(id, 'n01')]);
    expect(await keptWithRights(database.db, scope)).toMatchObject([{ photoId: id, rights: { sourceId: 'a' } }]);
    expect(await refetchPictures(database.db, [photo('A')])).toBe(2);
    const pictures = await database.db
      .selectFrom('picture')
      .select(['id', 'state', 'photo_id'])
      .orderBy('id')
      .execute();
    expect(pictures.map(({ state, photo_id: photoId }) => [state, photoId])).toEqual([
      ['found', null],
      ['found', null],
      ['fetched', other],
    ]);
    // A report leaves it out until then: nothing states its rights.
    expect(await keptWithRights(database.db, scope)).toEqual([]);
    expect(await storePhoto(database.db, pictures[0]?.id ?? 0, photo('A'))).toBe(id);
    expect(await database.db.selectFrom('decision').select('photo_id').execute()).toEqual([{ photo_id: id }]);
  });
});

describe('a decision that failed', () => {
  it('becomes undecided again once it is deleted, and others stay', async () => {
    const a = await fetched(database.db, [candidate('a')], 'A');
    const b = await fetched(database.db, [candidate('b')], 'B');
    const scope = await collection(database.db, 'birds');
    await decideAs(database.db, scope, [undecodable(a, 'n01', 'cut off'), kept(b, 'n01')]);
    expect(await forgetFailed(database.db, 'undecodable')).toBe(1);
    expect(await database.db.selectFrom('decision').select('photo_id').execute()).toEqual([{ photo_id: b }]);
  });
});
