import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Wnid } from '../../kernel/ids.ts';
import type { AcceptancePlan } from '../../kernel/acceptance.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { onlyRow } from '../../platform/postgres/query.ts';
import type { StoredPlan } from './plan.ts';

const PLAN = sql`select draw, max_label_error as "maxLabelError", confidence, looks, taken from acceptance_plan`;

export async function readAcceptancePlan(db: Kysely<Database>, collectionId: number): Promise<StoredPlan | null> {
  const { rows } = await sql<StoredPlan>`
    ${PLAN} where collection_id = ${collectionId} order by draw desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/**
 * Stores the settings as the plan of a collection that has a verdict, so that later changes of them are seen. A plan without a limit
 * takes the first limit that is set.
 */
export async function storeAcceptancePlan(
  db: Kysely<Database>,
  collectionId: number,
  plan: AcceptancePlan,
): Promise<void> {
  const { maxLabelError, confidence, looks } = plan;
  const known = await readAcceptancePlan(db, collectionId);
  if (known !== null && (known.maxLabelError !== null || maxLabelError === null)) return;
  await sql`
    insert into acceptance_plan as p (collection_id, draw, salt, max_label_error, confidence, looks)
    select ${collectionId}::int, 1, '', ${maxLabelError}::float8, ${confidence}::float8, ${looks}::int
    where exists (select 1 from review_event where collection_id = ${collectionId} and kind in ('verdict', 'import', 'adjudicate'))
    on conflict (collection_id, draw) do update
      set max_label_error = excluded.max_label_error, confidence = excluded.confidence, looks = excluded.looks
      where p.max_label_error is null and excluded.max_label_error is not null`.execute(db);
}

interface Look {
  readonly draw: number;
  readonly seen: string;
}

/**
 * Takes a look at these photos, unless it was taken, or the draw has none left. Several processes may look at the same photos: one
 * statement compares and appends. Looks without a limit are counted, because a limit may be set after them.
 */
export async function takeLook(db: Kysely<Database>, collectionId: number, { draw, seen }: Look): Promise<StoredPlan> {
  const ofDraw = sql`collection_id = ${collectionId} and draw = ${draw}`;
  await sql`
    update acceptance_plan set taken = array_append(taken, ${seen}) where ${ofDraw}
      and ${seen} <> all (taken) and (max_label_error is null or cardinality(taken) < looks)`.execute(db);
  return onlyRow(await sql<StoredPlan>`${PLAN} where ${ofDraw}`.execute(db));
}

/**
 * Stores the plan of a further draw with a salt of its own. Photos with a second verdict are left out of it. It waits for reviews of
 * several photos, which lock their rows in steps.
 */
export async function storeDraw(
  trx: Transaction<Database>,
  collectionId: number,
  { salt, maxLabelError, confidence, looks }: AcceptancePlan & { readonly salt: string },
): Promise<void> {
  await sql`
    insert into acceptance_plan (collection_id, draw, salt, max_label_error, confidence, looks)
    select ${collectionId}::int, max(draw) + 1, ${salt}, ${maxLabelError}::float8, ${confidence}::float8, ${looks}::int
    from acceptance_plan where collection_id = ${collectionId}`.execute(trx);
  await sql`
    update verdict set is_inspected = is_inspected or cardinality(reviewers) > 1, draw_place = null, draw_of = null
    where collection_id = ${collectionId} and (cardinality(reviewers) > 1 or draw_of is not null)`.execute(trx);
}

const listed = (collectionId: number): RawBuilder<unknown> => sql`
  shortlist_entry e join photo f on f.id = e.photo_id
  left join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256
  where e.collection_id = ${collectionId} and e.state = 'listed'`;

/** Counts the listed photos of these classes that lack their first verdict. */
export async function countUnreviewed(
  db: Kysely<Database>,
  collectionId: number,
  wnids: readonly Wnid[],
): Promise<number> {
  const read = await sql<{ photos: number }>`
    select count(*) as photos from ${listed(collectionId)} and e.wnid = any(${wnids}::text[])
      and coalesce(cardinality(v.reviewers), 0) = 0 and coalesce(v.wanted, 1) > 0`.execute(db);
  return onlyRow(read).photos;
}

/** True if a listed photo has no second verdict. */
export async function hasPhotosToDraw(db: Kysely<Database>, collectionId: number): Promise<boolean> {
  const { rows } = await sql`
    select 1 from ${listed(collectionId)} and coalesce(cardinality(v.reviewers), 0) < 2 limit 1`.execute(db);
  return rows.length > 0;
}
