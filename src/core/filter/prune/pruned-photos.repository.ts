import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { isAmong, type Among } from '../../platform/postgres/query.ts';
import type { PhotoToDecide } from '../rule/decision.ts';
import { fewInScope, isPruned, isTaken, ofCollection, photosWith, undecidedSql } from '../run/decision.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';

/** No filter can decide these photos, because it cannot run crops of photos whose bytes were pruned. */
export function prunedToDecide(
  db: Kysely<Database>,
  scope: DecisionScope,
  photoIds: readonly number[],
): Promise<PhotoToDecide[]> {
  const pairs = fewInScope(scope, sql`p.photo_id = any(${photoIds}::bigint[])`);
  return photosWith(db, pairs, sql`${undecidedSql(scope)} and ${isPruned}`);
}

/**
 * Marks pruned photos for the next crawl to fetch again, one picture each: preferably a picture of the collection whose
 * fetch has not failed before. The same bytes belong to the same photo again, and stay even if no collection needs them by
 * then. If a picture cannot be fetched again, nothing changes. Returns how many photos will be fetched: those that the collection has
 * yet to decide, and those that its sample of the crawl drew.
 */
export async function refetchPruned(db: Kysely<Database>, scope: DecisionScope, sources: Among): Promise<number> {
  const which = sql`(exists (select 1 from ${fewInScope(scope, sql`p.photo_id = f.id`)} as s where ${undecidedSql(scope)})
    or exists (select 1 from crawl_draw w where w.collection_id = ${scope.collectionId} and w.photo_id = f.id and w.stratum is not null))`;
  const result = await sql`
    with chosen as (
      select distinct on (f.id) p.id as picture_id, f.id as photo_id
      from photo f join picture p on p.photo_id = f.id join candidate c on c.picture_id = p.id
      where f.bytes_state <> 'stored' and ${isAmong(sql`p.source`, sources)}
        and ${isTaken(scope)} and ${ofCollection(scope)}
        and not exists (select 1 from picture r where r.refetch_photo_id = f.id) and ${which}
      order by f.id, p.detail is not null, p.source <> 'folder', p.id),
    locked as (
      select p.id, chosen.photo_id from picture p join chosen on chosen.picture_id = p.id
      where p.state = 'fetched' order by p.source, p.source_id for no key update of p)
    update picture set state = 'found', photo_id = null, refetch_photo_id = locked.photo_id,
      detail = null, attempts = 0, not_before = null, settled_at = null
    from locked where picture.id = locked.id`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}
