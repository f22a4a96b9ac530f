import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import {
  postponeQuery,
  reopenQueries,
  workableQueries,
} from '../../../../src/core/crawl/candidates/query.repository.ts';
import { CRAWLER, emptyCatalogue } from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

it('a search that waits after a failure goes on waiting if a worker starts, and is made at once by a crawl', async () => {
  const { db } = database;
  await sql`insert into query (source, wnid, kind, key, title, params, state, cursor, collections) values
    ('flickr', 'n01', 'plan', '', '', '{}', 'done', '["a"]', array[${CRAWLER}::int]),
    ('flickr', 'n01', 'search', 'a', 'a', '{}', 'open', null, '{}')`.execute(db);
  const scope = {
    collectionId: CRAWLER,
    source: 'flickr',
    wnids: ['n01'],
    limitPerClass: null,
    licences: 'any',
  } as const;
  const [search] = await workableQueries(db, scope);
  await postponeQuery(db, search?.id ?? 0, { delayMs: 60_000, problem: 'HTTP 500' });
  await reopenQueries(db, scope, { isAgain: false, isNow: false });
  expect(await workableQueries(db, scope)).toEqual([]);
  await reopenQueries(db, scope, { isAgain: false, isNow: true });
  expect(await workableQueries(db, scope)).toEqual([search]);
});
