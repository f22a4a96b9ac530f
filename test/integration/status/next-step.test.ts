import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { recordActivity } from '../../../src/runtime/activity/activity.repository.ts';
import { readExported } from '../../../src/status/next-step.repository.ts';
import { collection } from '../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../support/database.ts';

const database = useDatabase();

it('a revision is the newest until photos are reviewed or given a licence, and again once it is written again', async () => {
  const { db } = database;
  const scope = await collection(db, 'jays');
  const isNewest = async (): Promise<boolean> => (await readExported(db, scope)).isNewest;
  const write = (name: string) =>
    sql`
    insert into export_revision (collection_id, revision, photos, classes, bytes, protocol, path)
    values (${scope.collectionId}, sha256(${name}::bytea), 1, 1, 1, '{}', ${`/sets/${name}`})
    on conflict (collection_id, revision) do update set made_at = clock_timestamp()`.execute(db);
  expect(await isNewest()).toBe(false);
  await write('v1');
  expect(await isNewest()).toBe(true);
  await sql`
    insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind)
    values (${scope.collectionId}, sha256('a'), 'n01', 'ana', 'tab', 1, 'verdict')`.execute(db);
  expect(await isNewest()).toBe(false);
  await write('v2');
  await write('v1');
  expect(await readExported(db, scope)).toMatchObject({ isNewest: true, folder: '/sets/v1', revisions: 2 });
  const stated = { who: 'ana', place: 'here', action: 'rights-set', collection: 'jays' } as const;
  await recordActivity(db, { ...stated, detail: { changed: 0 } });
  await recordActivity(db, { ...stated, detail: { changed: 2 }, collection: 'others' });
  expect(await isNewest()).toBe(true);
  await recordActivity(db, { ...stated, detail: { changed: 2 } });
  expect(await isNewest()).toBe(false);
});
