import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { retryPictures, settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { foldPhotoCounts } from '../../../../src/core/filter/run/photo-tally.repository.ts';
import { firstCandidateProblems } from '../../../../src/core/filter/run/tally-audit.repository.ts';
import { forgetCollection } from '../../../../src/core/operate/upkeep/forget-collection.repository.ts';
import { dropNotices } from '../../../../src/core/photo/notice.repository.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  fetched,
  kept,
  photo,
  store,
  storePhoto,
} from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';

const database = useDatabase({ poolSize: 8 });
beforeEach(() => emptyCatalogue(database.db));

/** The places of the candidates that are the first of their photo and class, by collection. */
async function firsts(): Promise<string[]> {
  const { rows } = await sql<{ first: string }>`
    select concat_ws(' ', k.name, p.source_id, c.wnid, split_part(l.decided, ' ', 1)) as first from collection_candidate l
    join collection k on k.id = l.collection_id join candidate c on c.id = l.candidate_id join picture p on p.id = c.picture_id
    where l.first_of is not null and k.name <> 'crawler' order by 1`.execute(database.db);
  return rows.map(({ first }) => first);
}

async function expectFirsts(expected: readonly string[]): Promise<void> {
  expect(await firstCandidateProblems(database.db)).toEqual([]);
  expect(await firsts()).toEqual(expected);
}

describe('the mark of the first candidate of a photo and class', () => {
  it('follows every change of candidates, pictures, licences and decisions', async () => {
    const { db } = database;
    const birds = await collection(db, 'birds');
    const by = { licence: 'CC-BY-4.0' };
    const photoId = await fetched(db, [candidate('a', by), candidate('a', { ...by, wnid: 'n02' })], 'A');
    await fetched(db, [candidate('b')], 'A');
    await expectFirsts(['birds a n01', 'birds a n02']);
    await decideAs(db, birds, [kept(photoId, 'n01'), dropped(photoId, 'n02')]);
    await expectFirsts(['birds a n01 kept', 'birds a n02 correct']);
    // Another collection links the same candidates. Then it allows the licence of the second one only.
    const fish = await collection(db, 'fish');
    const allow = (licences: string): Promise<unknown> =>
      sql`update collection set definition = ${`{"licences": ${licences}}`}::jsonb where id = ${fish.collectionId}`.execute(
        db,
      );
    await sql`insert into licence (name, choices) values ('unknown', '{unknown}'), ('CC-BY-4.0', '{cc-by-4.0}') on conflict do nothing`.execute(
      db,
    );
    await allow('["unknown"]');
    await expectFirsts(['birds a n01 kept', 'birds a n02 correct', 'fish b n01']);
    await store(db, [candidate('b', { licence: 'CC0-1.0' })]);
    await expectFirsts(['birds a n01 kept', 'birds a n02 correct']);
    await allow('"any"');
    await expectFirsts(['birds a n01 kept', 'birds a n02 correct', 'fish a n01', 'fish a n02']);
    // The picture that came first no longer has the photo, or has it again.
    const [picture] = (await sql<{ id: number }>`select id from picture where source_id = 'a'`.execute(db)).rows;
    await sql`update picture set state = 'found', photo_id = null where id = ${picture?.id}`.execute(db);
    await expectFirsts(['birds b n01 kept', 'fish b n01']);
    await settlePicture(db, picture?.id ?? 0, { state: 'failed', reason: 'http-404', detail: '' });
    await retryPictures(db, { sources: ['folder'], reasons: ['http-404'] });
    await storePhoto(db, picture?.id ?? 0, photo('A'));
    await expectFirsts(['birds a n01 kept', 'birds a n02 correct', 'fish a n01', 'fish a n02']);
    await sql`delete from candidate where wnid = 'n01' and picture_id = ${picture?.id}`.execute(db);
    await expectFirsts(['birds a n02 correct', 'birds b n01 kept', 'fish a n02', 'fish b n01']);
    await sql`delete from decision where wnid = 'n01'`.execute(db);
    await forgetCollection(db, 'fish', true);
    await expectFirsts(['birds a n02 correct', 'birds b n01']);
    await takeDown(db, { sha256: sha256Of('A') }, 'asked for');
    await expectFirsts([]);
  });

  it('is of one candidate, also if processes store copies and notices of a photo and count at the same time', async () => {
    const { db } = database;
    const birds = await collection(db, 'birds');
    for (let round = 0; round < 5; round += 1) {
      const names = Array.from({ length: 8 }, (_, i) => `${round} ${i}`);
      const { waiting } = await store(
        db,
        names.map((name) => candidate(name, { source: 'flickr' })),
      );
      await Promise.all(
        waiting.flatMap((id) => [storePhoto(db, id, photo(`photo ${round}`)), foldPhotoCounts(db, birds)]),
      );
      await expectFirsts([`birds ${round} 0 n01`]);
      const [{ id } = { id: 0 }] = (
        await sql<{ id: number }>`select id from photo order by id desc limit 1`.execute(db)
      ).rows;
      await Promise.all([
        dropNotices(db, [id], 3),
        foldPhotoCounts(db, birds),
        store(db, [candidate(`late ${round}`, { source: 'flickr' })]),
      ]);
      await expectFirsts([]);
    }
  });
});
