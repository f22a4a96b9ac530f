import type { FetchPayload } from '../fetch/fetch.job.ts';
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { isOver, pauseEnd, isAmong, type Among } from '../../platform/postgres/query.ts';
import type { PhotoProblem } from '../../kernel/reasons.ts';
import { wellFormed } from '../sources/text.ts';
import type { UsageSignal } from '../sources/usage-signals.ts';
import type { WnidScope } from './candidate.ts';
import { allowedLicence, type AllowedLicences } from './licence.repository.ts';
import { isLinked } from './link.repository.ts';

export interface WaitingPicture {
  readonly id: number;
  readonly source: string;
  readonly sourceId: string;
  readonly url: string;
  readonly attempts: number;
  /** Why the last try failed, as `reason: detail`. */
  readonly detail: string | null;
}

/** A run fetches pictures of its sources that its collection found for its classes, and allows. Other runs fetch the others. */
export interface FetchScope extends AllowedLicences {
  readonly collectionId: number;
  readonly sources: Among;
  readonly wnids: WnidScope;
  /** Hosts that are not asked again in this run. */
  readonly exceptHosts?: readonly string[];
}

/** SQL: picture `p` waits and belongs to this scope. */
function isWanted(scope: FetchScope): RawBuilder<boolean> {
  const { collectionId, sources, wnids, exceptHosts = [] } = scope;
  const isAsked = exceptHosts.length === 0 ? sql`true` : sql`p.host <> all(${exceptHosts}::text[])`;
  // Because of the concatenation, PostgreSQL does not look up each of a thousand classes in the index for every picture.
  return sql`p.state = 'found' and ${isAsked} and ${isAmong(sql`p.source`, sources)} and ${allowedLicence(scope)} and exists (
    select 1 from candidate c where c.picture_id = p.id and c.refusal is null and ${isAmong(sql`c.wnid || ''`, wnids)} and ${isLinked(collectionId)} offset 0)`;
}

const isDue = isOver(sql`p.not_before`);

export interface PartitionPlace {
  readonly attempts: number;
  readonly id: number;
}

/** Pictures that were never tried come first, so that the retries of a few pictures do not use up a failing host's time. */
export async function nextInPartition(
  db: Kysely<Database>,
  scope: FetchScope,
  { partition, after, limit }: { partition: FetchPayload; after: PartitionPlace | null; limit: number },
): Promise<WaitingPicture[]> {
  const { attempts, id } = after ?? { attempts: -1, id: 0 };
  const { rows } = await sql<WaitingPicture>`
    select p.id, p.source, p.source_id as "sourceId", p.url, p.attempts, p.detail from picture p
    where p.host = ${partition.host} and p.id % ${partition.partitions} = ${partition.partition} and (p.attempts, p.id) > (${attempts}, ${id})
      and ${isWanted(scope)} and ${isDue}
    order by p.attempts, p.id limit ${limit}`.execute(db);
  return rows;
}

/** Pictures per host that are counted to order the hosts. More make no difference. */
const COUNTED_PER_HOST = 10;

/** Those with the fewest pictures first. Walks the index from host to host: hundreds of thousands of pictures may wait. */
export async function waitingHosts(db: Kysely<Database>, scope: FetchScope): Promise<string[]> {
  const { rows } = await sql<{ host: string }>`
    with recursive hosts as (
      (select host from picture where state = 'found' order by host limit 1)
      union all
      select (select p.host from picture p where p.state = 'found' and p.host > hosts.host order by p.host limit 1)
      from hosts where hosts.host is not null)
    select hosts.host from hosts cross join lateral (
      select count(*) as due from (
        select 1 from picture p where p.host = hosts.host and ${isWanted(scope)} and ${isDue}
        limit ${COUNTED_PER_HOST}) as one_host) as counted
    where hosts.host is not null and due > 0 order by due, hosts.host`.execute(db);
  return rows.map((row) => row.host);
}

/** Counts the pictures that wait, including those that wait for a retry, up to `atMost`. */
export async function countWaitingPictures(
  db: Kysely<Database>,
  scope: FetchScope,
  atMost: number | null = null,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (select 1 from picture p where ${isWanted(scope)} limit ${atMost}) as waiting`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

/** Those of these sources that have waiting pictures at a host. */
export async function sourcesAtHost(
  db: Kysely<Database>,
  scope: FetchScope & { readonly sources: readonly string[] },
  host: string,
): Promise<string[]> {
  const { rows } = await sql<{ source: string }>`
    select s.source from unnest(${scope.sources}::text[]) as s(source)
    where exists (select 1 from picture p where p.host = ${host} and p.source = s.source and ${isWanted(scope)})`.execute(
    db,
  );
  return rows.map(({ source }) => source);
}

export async function firstRetry(db: Kysely<Database>, scope: FetchScope): Promise<Date | null> {
  const { rows } = await sql<{ due: Date }>`
    select p.not_before as due from picture p
    where p.not_before is not null and ${isWanted(scope)} order by p.not_before limit 1`.execute(db);
  return rows[0]?.due ?? null;
}

export async function postponePicture(
  db: Kysely<Database>,
  id: number,
  { delayMs, problem }: { delayMs: number; problem: string },
): Promise<void> {
  await sql`
    update picture set attempts = attempts + 1, not_before = ${pauseEnd(delayMs)}, detail = ${wellFormed(problem)}
    where id = ${id} and state = 'found'`.execute(db);
}

/** The picture waits with the pictures of this host, to which its redirect leads. */
export async function movePicture(db: Kysely<Database>, id: number, host: string): Promise<void> {
  await sql`update picture set host = ${host} where id = ${id} and state = 'found'`.execute(db);
}

/** A picture that is settled already does not change. */
export async function settlePicture(db: Kysely<Database>, id: number, outcome: PhotoProblem): Promise<void> {
  const { state, reason, detail } = outcome;
  await db
    .updateTable('picture')
    .set({ state, reason, detail: wellFormed(detail), settled_at: new Date() })
    .where('id', '=', id)
    .where('state', '=', 'found')
    .execute();
}

/** Stores what the site and the file say now about the use of a picture, each text once; null if they say nothing. */
export async function storeSignals(db: Kysely<Database>, id: number, signals: readonly UsageSignal[]): Promise<void> {
  const texts = signals.length === 0 ? null : [...new Set(signals.map(({ text }) => text))].toSorted();
  const update = db.updateTable('picture').set({ signals: texts }).where('id', '=', id);
  await (texts === null ? update.where('signals', 'is not', null) : update).execute();
}

export interface RetriedPictures {
  readonly sources: Among;
  readonly reasons: readonly string[];
  /** Only those of this `host:port`, or '' for files. */
  readonly host?: string | undefined;
  /** Only those that this collection's crawls found for its classes. */
  readonly scope?: Pick<FetchScope, 'collectionId' | 'wnids'> | undefined;
}

/** SQL: these pictures `p` failed for one of these reasons. */
function isRetried({ sources, reasons, host, scope }: RetriedPictures): RawBuilder<boolean> {
  const isFound =
    scope === undefined
      ? sql`true`
      : sql`exists (select 1 from candidate c where c.picture_id = p.id
          and ${isAmong(sql`c.wnid || ''`, scope.wnids)} and ${isLinked(scope.collectionId)} offset 0)`;
  return sql`p.state = 'failed' and p.reason = any(${reasons}::text[]) and ${isAmong(sql`p.source`, sources)}
    and (${host ?? null}::text is null or p.host = ${host ?? null}) and ${isFound}`;
}

/** SQL: these pictures as items in flight. */
export function retriedItems(retried: RetriedPictures): RawBuilder<unknown> {
  return sql`select p.id::text from picture p where ${isRetried(retried)}`;
}

export async function retryPictures(db: Kysely<Database>, retried: RetriedPictures): Promise<number> {
  const result = await sql`
    update picture p set state = 'found', reason = null, detail = null, attempts = 0, not_before = null, settled_at = null
    where ${isRetried(retried)}`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/** It runs before each page of results, so it reads at most that many entries of an index, however long the backlog is. */
export async function isBacklogAbove(db: Kysely<Database>, source: string, limit: number): Promise<boolean> {
  const { rows } = await sql<{ above: boolean }>`
    select exists (
      select 1 from picture where state = 'found' and source = ${source} order by id offset ${limit} limit 1) as above`.execute(
    db,
  );
  return rows[0]?.above ?? false;
}
