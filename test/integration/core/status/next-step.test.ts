import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { recordActivity } from '../../../../src/core/runtime/activity/activity.repository.ts';
import { readExported } from '../../../../src/core/status/next-step.repository.ts';
import { collection } from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';

const database = useDatabase();

it('a revision is the newest until photos are reviewed, given a licence or taken down, and again once it is written again', async () => {
  const { db } = database;
  const scope = await collection(db, 'jays');
  const isNewest = async (): Promise<boolean> => (await readExported(db, scope)).isNewest;
  const write = (name: string) =>
    sql`
    insert into export_revision (collection_id, revision, photos, classes, bytes, protocol, path, last_event)
    select ${scope.collectionId}::int, sha256(${name}::bytea), 1, 1, 1, '{}', ${`/sets/${name}`}, coalesce(max(id), 0) from review_event
    on conflict (collection_id, revision) do update set made_at = clock_timestamp(), last_event = excluded.last_event`.execute(
      db,
    );
  expect(await isNewest()).toBe(false);
  await write('v1');
  expect(await isNewest()).toBe(true);
  await sql`
    insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, at)
    values (${scope.collectionId}, sha256('a'), 'n01', 'ana', 'an import', 1, 'verdict', '2020-01-01')`.execute(db);
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
  await write('v3');
  await sql`insert into export_photo (export_id, wnid, sha256, folder) select max(id), 'n01', sha256('a'), 'n01' from export_revision`.execute(
    db,
  );
  expect(await isNewest()).toBe(true);
  await sql`insert into takedown (sha256, reason) values (sha256('a'), 'asked')`.execute(db);
  expect(await isNewest()).toBe(false);
});
