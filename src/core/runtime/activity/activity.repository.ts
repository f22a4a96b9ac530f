import { sql, type Kysely } from 'kysely';
import type { Activity, ActivityDetail, Actor, LoggedActivity, ActivityEnd } from '../../kernel/activity.ts';
import { Interrupted, messageOf } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { equalsIfGiven } from '../../platform/postgres/query.ts';

export interface Doing extends Actor {
  readonly action: Activity;
  /** The name of the collection. Null or absent if the action concerns none or all of them. */
  readonly collection?: string | null;
  readonly detail?: ActivityDetail;
}

const REASON_LENGTH = 500;

export async function recordActivity(db: Kysely<Database>, doing: Doing): Promise<void> {
  await insert(db, { ...doing, outcome: 'done', ends: null });
}

/**
 * Does work and records it: its begin before it begins, so that no killed process leaves work without a record, and its
 * end with what came of it. If the begin cannot be recorded, the work is not done. The work gets the id of its line.
 * `signal`: for work that also returns when it is aborted.
 */
export async function recorded<T>(
  db: Kysely<Database>,
  doing: Doing & { readonly resultOf?: (result: T) => ActivityDetail; readonly signal?: AbortSignal },
  work: (id: number) => Promise<T>,
): Promise<T> {
  const ends = await insert(db, { ...doing, outcome: null, ends: null });
  const end = (outcome: ActivityEnd, detail: ActivityDetail): Promise<number> =>
    insert(db, { ...doing, detail, outcome, ends });
  let result: T;
  try {
    result = await work(ends);
  } catch (error) {
    const outcome = error instanceof Interrupted ? 'interrupted' : 'failed';
    const detail = outcome === 'failed' ? { reason: messageOf(error).slice(0, REASON_LENGTH) } : {};
    // If this fails too, because the database is gone, the error of the work says so.
    await end(outcome, detail).catch(() => undefined);
    throw error;
  }
  // Work that is done stays done, also if the database is gone by now.
  await end(doing.signal?.aborted === true ? 'interrupted' : 'done', doing.resultOf?.(result) ?? {}).catch(
    () => undefined,
  );
  return result;
}

async function insert(
  db: Kysely<Database>,
  { who, place, action, collection = null, detail = {}, outcome, ends }: Doing & Ending,
): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into activity (who, place, action, collection, detail, outcome, ends)
    values (${who}, ${place}, ${action}, ${collection}, ${JSON.stringify(detail)}::jsonb, ${outcome}, ${ends})
    returning id`.execute(db);
  return rows[0]?.id ?? 0;
}

interface Ending {
  readonly outcome: ActivityEnd | null;
  readonly ends: number | null;
}

export interface ActivityFilter {
  readonly action?: Activity | undefined;
  readonly who?: string | undefined;
  readonly collection?: string | undefined;
  readonly since?: Date | undefined;
  /** Only lines that are older than the one with this id. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Lines of the activity log, newest first. The detail joins the request and its result. */
export async function listActivity(db: Kysely<Database>, filter: ActivityFilter): Promise<LoggedActivity[]> {
  const { action, who, collection, since = null, before = null, limit } = filter;
  const { rows } = await sql<LoggedActivity>`
    select a.id, a.at, a.who, a.place, a.action, a.collection, a.detail || coalesce(e.detail, '{}') as detail,
      coalesce(a.outcome, e.outcome) as outcome, coalesce(e.at, case when a.outcome is not null then a.at end) as "endedAt"
    from activity a left join activity e on e.ends = a.id
    where a.ends is null and ${equalsIfGiven('a.action', action)} and ${equalsIfGiven('a.who', who)}
      and ${equalsIfGiven('a.collection', collection)} and (${since}::timestamptz is null or a.at >= ${since})
      and (${before}::bigint is null or a.id < ${before})
    order by a.id desc limit ${limit}`.execute(db);
  return rows;
}

/** Lines to search for names. Small, because the page searches on each load. */
const RECENT_LINES = 10_000;

export async function activityNames(
  db: Kysely<Database>,
): Promise<{ readonly who: string[]; readonly collections: string[] }> {
  const { rows } = await sql<{ who: string[]; collections: string[] }>`
    with recent as (select who, collection from activity order by id desc limit ${RECENT_LINES})
    select array(select distinct who from recent order by 1) as who,
      array(select distinct collection from recent where collection is not null order by 1) as collections`.execute(db);
  return rows[0] ?? { who: [], collections: [] };
}

/** True if the catalogue has the collection, or had it: activity is never deleted. */
export async function isCollectionKnown(db: Kysely<Database>, name: string): Promise<boolean> {
  const { rows } = await sql<{ isKnown: boolean }>`
    select exists (select 1 from collection where name = ${name})
      or exists (select 1 from activity where collection = ${name}) as "isKnown"`.execute(db);
  return rows[0]?.isKnown ?? false;
}
