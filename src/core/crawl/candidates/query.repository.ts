import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { NETWORK_SOURCES, SOURCE_NAMES } from '../../config/sources/sources.ts';
import { UsageError } from '../../kernel/errors.ts';
import { didYouMean } from '../../tools/nearest.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { isOver, pauseEnd, isAmong } from '../../platform/postgres/query.ts';
import type { Json, ResultPage, PlannedQuery, PlanResult } from '../sources/network-source.ts';
import type { WnidScope } from './candidate.ts';
import type { AllowedLicences } from './licence.repository.ts';
import { foundByClass } from './tally.repository.ts';

export interface QueryState {
  readonly id: number;
  readonly source: string;
  readonly wnid: string;
  /** `plan` decides which searches to send. A class without searches has only a plan. */
  readonly kind: 'plan' | 'search';
  readonly query: PlannedQuery;
  readonly cursor: Json | null;
  /** Pages fetched so far. Together with the id this is the job key of the next page. */
  readonly pages: number;
  readonly attempts: number;
}

export interface QueryScope extends AllowedLicences {
  readonly collectionId: number;
  readonly source: string;
  readonly wnids: WnidScope;
  readonly limitPerClass: number | null;
}

/**
 * Opens a plan for each class that was not planned with these params, or had problems. The collection leaves its other plans of the
 * class: finished ones once the new one is finished (`storePlan`), so that a source that is down stops no search. Collections with
 * other params have plans of their own, so they do not change each other's.
 *
 * @param since the first day of upload to ask for. Undefined for a worker: that of the collection's plan of the class
 */
export async function openPlans(
  db: Kysely<Database>,
  {
    collectionId,
    source,
    since,
  }: Pick<QueryScope, 'collectionId' | 'source'> & { readonly since?: string | null | undefined },
  plans: readonly { readonly wnid: string; readonly title: string; readonly params: Json }[],
): Promise<void> {
  const first = sql`case when ${since === undefined} then (select max(q.since) from query q
    where q.source = ${source} and q.wnid = r.wnid and ${hasPlan(collectionId, sql`q`)}) else ${since ?? null}::date end`;
  const rows = plans.map((plan) => ({ ...plan, params: JSON.stringify(plan.params) }));
  await sql`
    with plan as (
      select r.wnid, r.title, r.params::jsonb as params, since, md5(concat(r.params::jsonb::text, to_char(since, 'YYYY-MM-DD'))) as key
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(wnid text, title text, params text)
        cross join lateral (select ${first} as since) as s),
    left_plans as (
      update query q set collections = array_remove(q.collections, ${collectionId}::int)
      from plan left join query new on new.source = ${source} and new.wnid = plan.wnid and new.kind = 'plan' and new.key = plan.key
      where q.source = ${source} and q.wnid = plan.wnid and q.kind = 'plan' and q.key <> plan.key
        and ${collectionId}::int = any(q.collections) and (q.state <> 'done' or new.state = 'done' and new.problems = '{}'))
    insert into query (source, wnid, kind, key, title, params, since, collections)
    select ${source}, wnid, 'plan', key, title, params, since, array[${collectionId}::int] from plan
    on conflict (source, wnid, kind, md5(key)) do update
      set title = excluded.title, problems = '{}', pages = query.pages + (query.problems <> '{}')::int,
        state = case when query.problems <> '{}' then 'open' else query.state end,
        collections = array_remove(query.collections, ${collectionId}::int) || ${collectionId}::int
      where query.problems <> '{}' or not ${collectionId}::int = any(query.collections)`.execute(db);
}

/** SQL: the collection has the plan `plan`. Because of `coalesce`, PostgreSQL does not expect too few, which makes slow joins. */
export function hasPlan(collectionId: number, plan = sql`plan`): RawBuilder<unknown> {
  return sql`${plan}.kind = 'plan' and coalesce(${collectionId}::int = any(${plan}.collections), false)`;
}

/**
 * SQL: the plan `plan` names the search `q`. The cursor of a plan is the list of its searches. A plan of an older version does not
 * say which searches it named: it counts as naming all of its class.
 */
export const NAMES = sql`q.kind = 'search' and q.source = plan.source and q.wnid = plan.wnid
  and (plan.cursor ? q.key or (plan.cursor is null and plan.state = 'done'))`;

/** The SQL conditions of a workable query `q`. */
function isWanted(scope: QueryScope): ReturnType<typeof sql> {
  const { collectionId, source, wnids, limitPerClass } = scope;
  const isPlanned = sql`(${hasPlan(collectionId, sql`q`)}
    or exists (select 1 from query plan where ${hasPlan(collectionId)} and ${NAMES}))`;
  const isBelowLimit =
    limitPerClass === null
      ? sql`true`
      : sql`(q.kind = 'plan' or q.wnid not in (select wnid from ${foundByClass(scope)} as t where found >= ${limitPerClass}::bigint))`;
  return sql`q.source = ${source} and q.state = 'open' and ${isAmong(sql`q.wnid`, wnids)} and ${isPlanned} and ${isBelowLimit}`;
}

/**
 * Opens what the collection's plans name, when a crawl or a worker begins: refused searches, and with `isAgain` finished ones, which go
 * on where they can and count from 0. With `isNow`, searches that had to wait after a failure need not wait any longer.
 */
export async function reopenQueries(
  db: Kysely<Database>,
  { collectionId, source, wnids }: Pick<QueryScope, 'collectionId' | 'source' | 'wnids'>,
  { isAgain, isNow }: { readonly isAgain: boolean; readonly isNow: boolean },
): Promise<void> {
  await sql`
    update query q set state = 'open', cursor = case when q.state = 'done' then q.resume else q.cursor end,
      total = case when q.state <> 'done' then q.total end, seen = case when q.state <> 'done' then q.seen else 0 end,
      pages = q.pages + (q.state <> 'open')::int, problems = '{}', attempts = 0, not_before = null
    where q.source = ${source} and ${isAmong(sql`q.wnid`, wnids)}
      and (${isNow} and q.state = 'open' and q.not_before is not null or q.kind = 'search' and (q.state = 'refused' or ${isAgain} and q.state = 'done'))
      and (${hasPlan(collectionId, sql`q`)} or exists (select 1 from query plan where ${hasPlan(collectionId)} and ${NAMES}))`.execute(
    db,
  );
}

export interface WorkableQuery {
  readonly id: number;
  readonly pages: number;
}

/** How many queries are queued at a time. A source answers a few queries a second. */
const WORKABLE_AT_ONCE = 200;

/** The next workable queries, those with the fewest pages first, so that all classes make progress. */
export async function workableQueries(db: Kysely<Database>, scope: QueryScope): Promise<WorkableQuery[]> {
  const { rows } = await sql<WorkableQuery>`
    select q.id, q.pages from query q
    where ${isWanted(scope)} and ${isOver(sql`q.not_before`)}
    order by q.pages, q.id limit ${WORKABLE_AT_ONCE}`.execute(db);
  return rows;
}

export async function openQueries(
  db: Kysely<Database>,
  scope: QueryScope,
): Promise<{ count: number; notBefore: Date | null }> {
  const { rows } = await sql<{ count: number; notBefore: Date | null }>`
    select count(*) as count, min(q.not_before) as "notBefore" from query q where ${isWanted(scope)}`.execute(db);
  return rows[0] ?? { count: 0, notBefore: null };
}

export async function readQuery(db: Kysely<Database>, id: number): Promise<QueryState | null> {
  const { rows } = await sql<Omit<QueryState, 'query'> & Required<PlannedQuery>>`
    select id, source, wnid, kind, key, title, params, to_char(since, 'YYYY-MM-DD') as since, cursor, pages, attempts from query where id = ${id} and state = 'open'`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { key, title, params, since, ...state } = row;
  return { ...state, query: { key, title, params, since } };
}

/** Stores the result of a plan, and its collections leave their other plans. Opens its new queries; known queries keep their cursors. */
export async function storePlan(
  trx: Transaction<Database>,
  { id, source, wnid, pages, query: { since = null } }: QueryState,
  plan: PlanResult,
): Promise<void> {
  const rows = plan.queries.map(({ key, title, params }) => ({ key, title, params: JSON.stringify(params) }));
  await sql`
    insert into query (source, wnid, kind, key, title, params, since)
    select ${source}, ${wnid}, 'search', r.key, r.title, r.params::jsonb, ${since}::date
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(key text, title text, params text)
    on conflict (source, wnid, kind, md5(key)) do update set title = excluded.title`.execute(trx);
  // `NAMES` reads it.
  const keys = JSON.stringify(rows.map(({ key }) => key));
  await sql`
    with planned as (
      update query set state = 'done', cursor = ${keys}::jsonb, pages = ${pages + 1}, problems = ${plan.problems}::text[], notes = ${plan.notes}::text[],
        attempts = 0, not_before = null, updated_at = now()
      where id = ${id} and pages = ${pages} returning collections)
    update query q set collections = array(select unnest(q.collections) except select unnest(planned.collections)) from planned
    where q.source = ${source} and q.wnid = ${wnid} and q.kind = 'plan' and q.id <> ${id} and q.collections && planned.collections`.execute(
    trx,
  );
}

/**
 * Counts the candidates of the class that the collection has found at the source. Locks the class's plans until the transaction
 * ends, so that its pages are admitted one after another: the limit is exact.
 */
export async function lockFound(
  trx: Transaction<Database>,
  { source, wnid }: QueryState,
  scope: QueryScope,
): Promise<number> {
  await sql`select 1 from query where source = ${source} and wnid = ${wnid} and kind = 'plan' order by id for update`.execute(
    trx,
  );
  const { rows } = await sql<{ found: number }>`
    select found from ${foundByClass(scope)} as t where wnid = ${wnid}`.execute(trx);
  return rows[0]?.found ?? 0;
}

/** Moves the query's cursor by a page. Call it in the transaction that stores the page's candidates. */
export async function advanceQuery(
  trx: Transaction<Database>,
  state: QueryState,
  { page, isLast }: { readonly page: ResultPage; readonly isLast: boolean },
): Promise<void> {
  const { id, pages } = state;
  const [cursor, resume] = [page.next, page.resume ?? null].map((at) => (at === null ? null : JSON.stringify(at)));
  await sql`
    update query set cursor = ${cursor}::jsonb, pages = ${pages + 1}, state = ${isLast ? 'done' : 'open'},
      completed_at = case when ${isLast} then now() else completed_at end, resume = case when ${isLast} then ${resume}::jsonb else resume end,
      total = coalesce(total, ${page.total}::bigint), seen = seen + ${page.photos.length},
      attempts = 0, not_before = null, notes = '{}', updated_at = now()
    where id = ${id} and pages = ${pages}`.execute(trx);
}

export async function postponeQuery(
  db: Kysely<Database>,
  id: number,
  { delayMs, problem }: { readonly delayMs: number; readonly problem: string },
): Promise<void> {
  await sql`
    update query set not_before = ${pauseEnd(delayMs)}, attempts = attempts + 1, notes = array[${problem}]::text[], updated_at = now()
    where id = ${id}`.execute(db);
}

export async function refuseQuery(db: Kysely<Database>, id: number, problem: string): Promise<void> {
  await sql`
    update query set state = 'refused', problems = array[${problem}]::text[], updated_at = now() where id = ${id}`.execute(
    db,
  );
}

export interface QueryReport extends Pick<QueryState, 'id' | 'source' | 'wnid' | 'kind'> {
  readonly title: string;
  readonly state: 'open' | 'done' | 'refused';
  readonly total: number | null;
  readonly seen: number;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly notBefore: Date | null;
  /** When it was last listed to its end. */
  readonly completedAt: Date | null;
}

/** The collection's plans, the searches that they name, and others that found photos of the collection. */
export async function queryReports(
  db: Kysely<Database>,
  scope: Pick<QueryScope, 'collectionId' | 'wnids'> & { readonly sources: readonly string[] },
): Promise<QueryReport[]> {
  const { rows } = await sql<QueryReport>`
    select id, source, wnid, kind, title, state, total, seen, problems, notes, not_before as "notBefore", completed_at as "completedAt" from query q
    where source = any(${scope.sources}::text[]) and ${isAmong(sql`wnid`, scope.wnids)}
      and (${hasPlan(scope.collectionId, sql`q`)} or exists (select 1 from query plan where ${hasPlan(scope.collectionId)} and ${NAMES})
        or id in (select query_id from candidate_tally where collection_id = ${scope.collectionId}))
    order by source, wnid collate "C", kind, id`.execute(db);
  return rows;
}

/** The sources in files of users' own that were ever asked, for any collection. */
export async function ownSources(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ source: string }>`
    select distinct source from query where source <> all(${NETWORK_SOURCES}::text[]) order by source`.execute(db);
  return rows.map(({ source }) => source);
}

/** @throws UsageError if no photo can be of this source: an empty list would hide the mistake */
export async function requireSource(db: Kysely<Database>, source: string | undefined): Promise<void> {
  if (source === undefined || SOURCE_NAMES.some((name) => name === source)) return;
  const names = [...SOURCE_NAMES, ...(await ownSources(db))];
  if (names.includes(source)) return;
  throw new UsageError(
    `Expected a source out of ${names.join(', ')} but received '${source}'.${didYouMean(source, names)}`,
    { code: 'impossible-filter' },
  );
}
