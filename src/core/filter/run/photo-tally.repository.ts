import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import { codeOf } from '../../kernel/errors.ts';
import { sha256Bytes } from '../../tools/sha256.ts';
import type { Logger } from '../../platform/log/logger.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { onlyRow } from '../../platform/postgres/query.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import { markFirstCandidates } from './first-candidates.repository.ts';
import { recountPhotos, judgedPhotos } from './photo-counts.repository.ts';
import type { PhotoCount } from './photo-counts.repository.ts';

/**
 * Pages of consecutive photos are counted once, under the reader's rules, and the sums are stored in `photo_tally`. Triggers mark
 * the pages in which something changes (`0001-initial/photo-tally.ts`). A reader takes the tally without the marked pages and
 * counts those itself, in one snapshot, so the result is exact. Folding counts the marked pages again. `photo_page` also lists the
 * undecided photos of a page, so that a filter finds its work without reading candidates. Folding also stores with the links which
 * candidates brought their photos first, for the gallery.
 */

/** Photos of a page. The triggers in `0001-initial/photo-tally.ts` have the same number. */
export const PHOTOS_PER_PAGE = 1024;

/** Pages in one fold. A kill costs this much work, a second or two. */
const PAGES_PER_FOLD = 64;

const LOCK = 0x74_61_6c_6c;

interface Run {
  readonly from: number;
  readonly before: number;
}

interface UndecidedWanted {
  readonly after: number;
  readonly limit: number;
  readonly except?: readonly number[];
}

/** The same as `recountPhotos`. It must run in a transaction with a snapshot. */
export async function readPhotoCounts(trx: Transaction<Database>, scope: DecisionScope): Promise<PhotoCount[]> {
  const scopeId = await scopeIdOf(trx, scope);
  const stale = await stalePages(trx, scopeId);
  const counts = scopeId === null ? [] : await talliedCounts(trx, scopeId, stale);
  for (const run of runsOf(stale)) counts.push(...(await recountPhotos(trx, scope, ofPhotosIn(run))));
  return stale.length === 0 ? counts : addedUp(counts);
}

/** Photos of the collection, each once, also if it is of several classes. It must run in a transaction with a snapshot. */
export async function countDistinctPhotos(trx: Transaction<Database>, scope: DecisionScope): Promise<number> {
  const scopeId = await scopeIdOf(trx, scope);
  const stale = await stalePages(trx, scopeId);
  const fresh = runsOf(stale).map(
    (run) => sql`select count(distinct photo_id) from ${judgedPhotos(scope, ofPhotosIn(run))} as s`,
  );
  const counted = await sql<{ photos: number }>`select coalesce(sum(photos), 0)::bigint as photos from (
    ${sql.join([sql`select photos from photo_page where scope_id = ${scopeId} and page <> all(${stale}::bigint[])`, ...fresh], sql` union all `)}
  ) as pages`.execute(trx);
  return onlyRow(counted).photos;
}

/** SQL: rows with the columns of `PhotoCount`, whose counts add up to its numbers. It must be used in the transaction's snapshot. */
export async function photoKinds(trx: Transaction<Database>, scope: DecisionScope): Promise<RawBuilder<unknown>> {
  const scopeId = await scopeIdOf(trx, scope);
  const stale = await stalePages(trx, scopeId);
  const fresh = runsOf(stale).map((run) => sql`select ${KIND}, 1 from ${judgedPhotos(scope, ofPhotosIn(run))} as s`);
  return sql`(${sql.join([talliedKinds(scopeId, stale), ...fresh], sql` union all `)})`;
}

/** Pages that have changed since they were counted, or that were never counted. */
export async function changedPages(trx: Transaction<Database>, scope: DecisionScope): Promise<number[]> {
  return stalePages(trx, await scopeIdOf(trx, scope));
}

async function scopeIdOf(db: Kysely<Database>, scope: DecisionScope): Promise<number | null> {
  const { rows } = await sql<{ id: number }>`select id from photo_scope where sha256 = ${keyOf(scope)}`.execute(db);
  return rows[0]?.id ?? null;
}

/** Pages that take seconds. */
const MANY_PAGES = 64;
const MANY = 'counting photos: the first look after changed rules, or after many changes, takes longer';

/** Skips pages that another process is counting, instead of waiting for its lock. With a log, it says so if it counts many. */
export async function foldPhotoCounts(
  db: Kysely<Database>,
  scope: DecisionScope,
  log?: Pick<Logger, 'info'>,
): Promise<void> {
  const scopeId = await openScope(db, scope);
  const stale = await stalePages(db, scopeId);
  if (stale.length >= MANY_PAGES) log?.info({ photos: stale.length * PHOTOS_PER_PAGE }, MANY);
  for (const run of runsOf(stale, PAGES_PER_FOLD)) if (!(await foldRun(db, scope, { scopeId, run }))) return;
}

/** Undecided pairs of a photo and a class: those that a filter can decide, and those whose bytes must be fetched first. */
export async function countToDecide(
  db: Kysely<Database>,
  scope: DecisionScope,
  log?: Pick<Logger, 'info'>,
): Promise<{ withBytes: number; pruned: number }> {
  await foldPhotoCounts(db, scope, log);
  const counts = await readSnapshot(db, (trx) => readPhotoCounts(trx, scope));
  const left = { withBytes: 0, pruned: 0 };
  for (const { state, isPruned, count } of counts)
    if (state === 'undecided') left[isPruned ? 'pruned' : 'withBytes'] += count;
  return left;
}

/** Ascending from `after`, of undecided photos with bytes, without `except`. Folds pages as far as it looks. */
export async function undecidedPhotoIds(
  db: Kysely<Database>,
  scope: DecisionScope,
  wanted: UndecidedWanted,
): Promise<number[]> {
  const scopeId = await openScope(db, scope);
  const { rows } = await sql<{ id: number | null }>`select max(id) as id from photo`.execute(db);
  const end = pageOf(rows[0]?.id ?? -1) + 1;
  const ids: number[] = [];
  for (let from = pageOf(wanted.after + 1); from < end && ids.length < wanted.limit; from += PAGES_PER_FOLD) {
    const range = { from, before: Math.min(from + PAGES_PER_FOLD, end) };
    for (const run of runsOf(await stalePages(db, scopeId, range)))
      if (!(await foldRun(db, scope, { scopeId, run }))) break;
    const limit = wanted.limit - ids.length;
    ids.push(...(await readSnapshot(db, (trx) => undecidedIn(trx, scope, { ...wanted, limit, run: range, scopeId }))));
  }
  return ids;
}

/** Lists of counted pages, and the photos of pages that changed since or that another process is counting. */
async function undecidedIn(
  trx: Transaction<Database>,
  scope: DecisionScope,
  { run, scopeId, after, limit, except = [] }: UndecidedWanted & { readonly run: Run; readonly scopeId: number },
): Promise<number[]> {
  const stale = await stalePages(trx, scopeId, run);
  const isWanted = sql`id > ${after} and id <> all(${except}::bigint[])`;
  const { rows } = await sql<{ id: number }>`
    select id from photo_page g cross join unnest(g.undecided) as id
    where g.scope_id = ${scopeId} and g.page >= ${run.from} and g.page < ${run.before} and g.page <> all(${stale}::bigint[]) and ${isWanted}
    order by g.page, id limit ${limit}`.execute(trx);
  const ids = rows.map(({ id }) => id);
  for (const staleRun of runsOf(stale)) {
    const photos = judgedPhotos(scope, ofPhotosIn(staleRun));
    const { rows: more } = await sql<{ id: number }>`
      select distinct id from (select photo_id as id from ${photos} as s where ${IS_UNDECIDED}) as one
      where ${isWanted} order by id limit ${limit}`.execute(trx);
    ids.push(...more.map(({ id }) => id));
  }
  return ids.toSorted((a, b) => a - b).slice(0, limit);
}

function keyOf({ collectionId, decisionSha256, wnids, classes = wnids, concepts, licences }: DecisionScope): Buffer {
  const facts = JSON.stringify([collectionId, decisionSha256, classes, concepts ?? null, licences]);
  return sha256Bytes(facts);
}

/** The scope's id. Other rules of the collection are deleted if nobody has read them for an hour. */
async function openScope(db: Kysely<Database>, scope: DecisionScope): Promise<number> {
  const key = keyOf(scope);
  const { rows } = await sql<{ id: number }>`
    insert into photo_scope (collection_id, sha256) values (${scope.collectionId}, ${key})
    on conflict (sha256) do update set read_at = now() where photo_scope.read_at < now() - interval '10 minutes'
    returning id`.execute(db);
  if (rows[0] === undefined)
    return (await db.selectFrom('photo_scope').select('id').where('sha256', '=', key).executeTakeFirstOrThrow()).id;
  await sql`
    delete from photo_scope where collection_id = ${scope.collectionId} and id <> ${rows[0].id}
      and read_at < now() - interval '1 hour'`.execute(db);
  return rows[0].id;
}

/** SQL: also of a photo that was taken down, whose links must be unmarked. */
const LAST_PAGE = sql`greatest((select max(id) from photo), (select max(first_of) from collection_candidate)) / ${PHOTOS_PER_PAGE}::int`;

async function stalePages(db: Kysely<Database>, scopeId: number | null, run: Run | null = null): Promise<number[]> {
  const { from = 0, before = null } = run ?? {};
  const { rows } = await sql<{ page: number }>`
    select page from generate_series(${from}::bigint,
      coalesce(${before}::bigint - 1, ${LAST_PAGE})) as page
    except (select page from photo_page where scope_id = ${scopeId} except select page from photo_mark)
    order by page`.execute(db);
  return rows.map((row) => row.page);
}

function runsOf(pages: readonly number[], atMost = Number.POSITIVE_INFINITY): Run[] {
  const runs: { from: number; before: number }[] = [];
  for (const page of pages) {
    const last = runs.at(-1);
    if (last?.before === page && page - last.from < atMost) last.before = page + 1;
    else runs.push({ from: page, before: page + 1 });
  }
  return runs;
}

function pageOf(photoId: number): number {
  return Math.floor(photoId / PHOTOS_PER_PAGE);
}

function ofPhotosIn(run: Run): RawBuilder<unknown> {
  return isIn(sql`p.photo_id`, run);
}

function isIn(column: RawBuilder<unknown>, { from, before }: Run): RawBuilder<unknown> {
  return sql`${column} >= ${from * PHOTOS_PER_PAGE} and ${column} < ${before * PHOTOS_PER_PAGE}`;
}

const IS_UNDECIDED = sql`state = 'undecided' and not is_pruned`;
const KIND = sql`wnid, source, query_id, state, reason, listed, is_pruned`;

async function talliedCounts(db: Kysely<Database>, scopeId: number, stale: readonly number[]): Promise<PhotoCount[]> {
  const { rows } = await sql<PhotoCount>`
    select wnid, source, query_id as "queryId", state, reason, listed, is_pruned as "isPruned", sum(count)::bigint as count
    from (${talliedKinds(scopeId, stale)}) as both_ways group by ${KIND} having sum(count) <> 0`.execute(db);
  return rows;
}

/** SQL: the tally without its share of stale pages. */
function talliedKinds(scopeId: number | null, stale: readonly number[]): RawBuilder<unknown> {
  return sql`
    select ${KIND}, count from photo_tally where scope_id = ${scopeId}
    union all
    select ${KIND}, -k.count from photo_page g cross join unnest(g.kinds, g.counts) as k(kind, count)
      join photo_tally t on t.scope_id = g.scope_id and t.kind = k.kind
    where g.scope_id = ${scopeId} and g.page = any(${stale}::bigint[])`;
}

/** Each kind once; zero counts are left out. */
export function addedUp(counts: readonly PhotoCount[]): PhotoCount[] {
  const byKind = new Map<string, PhotoCount>();
  for (const { count, wnid, source, queryId, state, reason, listed, isPruned } of counts) {
    const kind = { wnid, source, queryId, state, reason, listed, isPruned };
    const key = JSON.stringify(kind);
    byKind.set(key, { ...kind, count: (byKind.get(key)?.count ?? 0) + count });
  }
  return [...byKind.values()].filter(({ count }) => count !== 0);
}

const LOCK_NOT_AVAILABLE = '55P03';

/** False if another process holds the lock for too long. */
async function foldRun(
  db: Kysely<Database>,
  scope: DecisionScope,
  { scopeId, run }: { scopeId: number; run: Run },
): Promise<boolean> {
  try {
    await db.transaction().execute(async (trx) => {
      await sql`set local work_mem = '64MB'`.execute(trx);
      await sql`set local lock_timeout = '30s'`.execute(trx);
      await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
      // The previous holder of the lock may have counted them.
      if ((await stalePages(trx, scopeId, run)).length === 0) return;
      await recount(trx, scope, { scopeId, run });
      // After the count, so that a change between them leaves a mark that stays.
      await markFirstCandidates(trx, scope.collectionId, (column) => isIn(column, run));
    });
    return true;
  } catch (error) {
    if (codeOf(error) === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

/**
 * One statement, so one snapshot. It counts what the deleted marks were about, and a change that is committed later
 * leaves a mark that stays. A kind's number is a 64-bit hash of its content.
 */
async function recount(
  trx: Transaction<Database>,
  scope: DecisionScope,
  { scopeId, run }: { scopeId: number; run: Run },
): Promise<void> {
  const { from, before } = run;
  await sql`
    with marks as (
      delete from photo_mark where ctid = any(array(
        select ctid from photo_mark where page >= ${from} and page < ${before} for update skip locked)) returning page),
    judged as materialized (select * from ${judgedPhotos(scope, ofPhotosIn(run))} as s),
    counted as materialized (
      select photo_id / ${PHOTOS_PER_PAGE}::int as page, ('x' || left(md5(row(${KIND})::text), 16))::bit(64)::bigint as kind, ${KIND}, count(*)::int as count,
        array_agg(photo_id) filter (where ${IS_UNDECIDED}) as undecided
      from judged group by 1, ${KIND}),
    photos as (select photo_id / ${PHOTOS_PER_PAGE}::int as page, count(distinct photo_id) as photos from judged group by 1),
    undecided as (select page, array_agg(distinct id order by id) as ids from counted cross join unnest(undecided) as id group by page),
    old as (
      select scope_id, kinds, counts from photo_page where scope_id = ${scopeId} and page >= ${from} and page < ${before}),
    gone as (
      delete from photo_page where scope_id <> ${scopeId} and page in (select page from marks) returning scope_id, kinds, counts),
    stored as (
      insert into photo_page (scope_id, page, kinds, counts, undecided, photos)
      select ${scopeId}::int, page, coalesce(array_agg(kind) filter (where kind is not null), '{}'),
        coalesce(array_agg(count) filter (where kind is not null), '{}'), min(ids),
        coalesce(min(photos), 0)
      from generate_series(${from}::bigint, ${before}::bigint - 1) as page left join counted using (page) left join undecided using (page)
        left join photos using (page) group by page
      on conflict (scope_id, page) do update
        set (kinds, counts, undecided, photos) = (excluded.kinds, excluded.counts, excluded.undecided, excluded.photos)),
    changes as (
      select ${scopeId}::int as scope_id, kind, ${KIND}, count from counted
      union all
      select o.scope_id, k.kind, null, null, null, null, null, null, null, -k.count
      from (select * from old union all select * from gone) as o cross join unnest(o.kinds, o.counts) as k(kind, count))
    insert into photo_tally (scope_id, kind, ${KIND}, count)
    select scope_id, kind, max(wnid), max(source), max(query_id), max(state), max(reason), max(listed), bool_or(is_pruned), sum(count)
    from changes group by scope_id, kind having sum(count) <> 0
    on conflict (scope_id, kind) do update set count = photo_tally.count + excluded.count`.execute(trx);
}
