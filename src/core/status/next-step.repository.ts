import { sql, type Kysely } from 'kysely';
import type { Exported } from '../kernel/next-step.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { onlyRow } from '../platform/postgres/query.ts';

/** The revision of a collection that was written last, and what followed it. */
export async function readExported(
  db: Kysely<Database>,
  { collectionId }: Pick<DecisionScope, 'collectionId'>,
): Promise<Exported> {
  const read = await sql<Exported>`
    select (select count(*) from export_revision where collection_id = ${collectionId}) as revisions, e.path as folder,
      e.path is not null and not exists (select 1 from review_event where collection_id = ${collectionId} and id > e.last_event)
        and not exists (select 1 from takedown t join export_photo p on p.sha256 = t.sha256 where p.export_id = e.id and p.folder is not null)
        and not exists (select 1 from activity a join collection k on k.name = a.collection where k.id = ${collectionId}
          and a.action = 'rights-set' and a.at > e.made_at and (a.detail->>'changed')::int > 0) as "isNewest",
      exists (select 1 from report r where r.collection_id = ${collectionId} and r.made_at > e.made_at) as "isReported"
    from (select) as one left join lateral (
      select * from export_revision where collection_id = ${collectionId} order by made_at desc limit 1) as e on true`.execute(
    db,
  );
  return onlyRow(read);
}

/** Changes with each review event, shortlist and look of a collection. */
export async function versionOfReview(
  db: Kysely<Database>,
  { collectionId }: Pick<DecisionScope, 'collectionId'>,
): Promise<string> {
  const read = await sql<{ version: string }>`
    select concat((select max(id) from review_event where collection_id = ${collectionId}), ' ',
      (select built_at from shortlist where collection_id = ${collectionId}), ' ',
      (select sum(1 + cardinality(taken)) from acceptance_plan where collection_id = ${collectionId})) as version`.execute(
    db,
  );
  return onlyRow(read).version;
}
