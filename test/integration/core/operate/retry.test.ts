import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import { storeCandidates } from '../../../../src/core/crawl/candidates/candidate.repository.ts';
import type { NewCandidate } from '../../../../src/core/crawl/candidates/candidate.ts';
import { settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { retryFailures } from '../../../../src/core/operate/upkeep/retry-failures.process.ts';
import { candidate, collection, decideAs, emptyCatalogue, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

/** Stores what a crawl of the collection found, and lets every fetch fail. */
async function failedCrawl({ collectionId }: DecisionScope, page: readonly NewCandidate[]): Promise<void> {
  const { db } = database;
  const options = { collectionId, retryFailed: true, admitAtMost: null };
  const { waiting } = await db.transaction().execute((trx) => storeCandidates(trx, page, options));
  for (const id of waiting) await settlePicture(db, id, { state: 'failed', reason: 'unreadable', detail: 'cut off' });
}

const stateOf = async (sourceId: string): Promise<string> =>
  (await database.db.selectFrom('picture').select('state').where('source_id', '=', sourceId).executeTakeFirstOrThrow())
    .state;

it('a retry of a collection tries what its own crawls found, of its classes, and no more', async () => {
  const { db } = database;
  const [demo, birds] = [await collection(db, 'demo'), await collection(db, 'birds')];
  await failedCrawl(demo, [candidate('of demo'), candidate('of both')]);
  await failedCrawl(birds, [candidate('of birds'), candidate('of no class', { wnid: 'n09' })]);
  await db.transaction().execute((trx) =>
    storeCandidates(trx, [candidate('of both')], {
      collectionId: birds.collectionId,
      retryFailed: false,
      admitAtMost: null,
    }),
  );
  const ids = await db.selectFrom('picture').select(['id', 'source_id']).execute();
  await sql`insert into suspect (item, work, deaths) select id::text, 'inspect', '[{}]' from picture`.execute(db);
  expect(await retryFailures({ db }, { reasons: ['unreadable'], scope: birds })).toMatchObject({ pictures: 2 });
  const names = ['of demo', 'of both', 'of birds', 'of no class'];
  expect(await Promise.all(names.map(stateOf))).toEqual(['failed', 'found', 'found', 'failed']);
  const { rows } = await sql<{ item: string }>`select item from suspect where deaths <> '[]'`.execute(db);
  const guilty = ids.filter(({ id }) => rows.some(({ item }) => item === String(id))).map(({ source_id: id }) => id);
  expect(guilty.toSorted()).toEqual(['of demo', 'of no class']);
  expect(await retryFailures({ db }, { reasons: ['unreadable'] })).toMatchObject({ pictures: 2 });
});

it('a retry of a collection forgets the failed decisions of this collection only', async () => {
  const { db } = database;
  const [demo, birds] = [await collection(db, 'demo'), await collection(db, 'birds')];
  const id = await fetched(db, [candidate('a')], 'A');
  const failed = { ...kept(id, 'n01'), state: 'failed', reason: 'poison', confusion: null } as const;
  for (const scope of [demo, birds]) await decideAs(db, scope, [failed]);
  expect(await retryFailures({ db }, { reasons: ['poison'], scope: birds })).toMatchObject({ decisions: 1 });
  const left = await db.selectFrom('decision').select('collection_id').execute();
  expect(left).toEqual([{ collection_id: demo.collectionId }]);
});
