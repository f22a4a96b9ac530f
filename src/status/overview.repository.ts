import { sql, type Kysely } from 'kysely';
import { isLinked } from '../crawl/candidates/link.repository.ts';
import { ofCollection } from '../filter/run/decision.repository.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { judged } from './funnel.repository.ts';

export interface ConnectedProcess {
  /** `crawl`, `filter-worker`, `server`. */
  readonly name: string;
  readonly pid: number;
  /** The name of its machine; null on this one. */
  readonly address: string | null;
  readonly since: Date;
}

/** PostgreSQL drops the connection of a process that dies, so none of the dead is listed. */
export async function connectedProcesses(db: Kysely<Database>): Promise<ConnectedProcess[]> {
  const { rows } = await sql<ConnectedProcess>`
    select name[1] as name, name[2]::int as pid, coalesce(name[3], host(client_addr)) as address, min(backend_start) as since
    from pg_stat_activity, regexp_match(application_name, '^winnow (\\S+) (\\d+)(?: (\\S+))?$') as name
    where datname = current_database() and name is not null group by 1, 2, 3 order by 1, 2, 3`.execute(db);
  return rows;
}

export interface ConfusionCount {
  readonly wnid: string;
  readonly confusionWnid: string;
  readonly count: number;
  readonly photo: string;
}

export async function topConfusions(
  db: Kysely<Database>,
  scope: DecisionScope,
  limit: number,
): Promise<ConfusionCount[]> {
  const { rows } = await sql<ConfusionCount>`
    select top.wnid, top."confusionWnid", top.count, encode(photo.sha256, 'hex') as photo from (
    select wnid, confusion_wnid as "confusionWnid", count(*) as count, min(photo_id) as photo_id from decision
    where collection_id = ${scope.collectionId} and state = 'kept' and confusion_wnid is not null
      and decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')} and ${ofCollection(scope, sql`wnid`)}
    group by 1, 2 order by 3 desc, 1, 2 limit ${limit}) as top
    join photo on photo.id = top.photo_id order by 3 desc, 1, 2`.execute(db);
  return rows;
}

export interface ReasonExample {
  readonly source: string;
  readonly url: string;
  readonly pageUrl: string | null;
  readonly detail: string | null;
}

export interface FailureExamples {
  /** `host:port`, or '' for files. Those with most pictures first. */
  readonly hosts: readonly { readonly host: string; readonly count: number }[];
  readonly examples: readonly ReasonExample[];
}

const HOSTS_SHOWN = 8;

/** The hosts of the candidates that the funnel counts as failed for a reason. */
export async function hostsOf(
  db: Kysely<Database>,
  scope: DecisionScope,
  reason: string,
): Promise<FailureExamples['hosts']> {
  const { rows } = await sql<FailureExamples['hosts'][number]>`
    select p.host, count(*) as count from candidate c join picture p on p.id = c.picture_id
    where p.state = 'failed' and p.reason = ${reason} and ${judged(scope).state} = 'failed'
      and ${ofCollection(scope)} and ${isLinked(scope.collectionId)}
    group by 1 order by 2 desc, 1 limit ${HOSTS_SHOWN}`.execute(db);
  return rows;
}

export async function examplesOf(
  db: Kysely<Database>,
  scope: DecisionScope,
  { reason, limit }: { readonly reason: string; readonly limit: number },
): Promise<ReasonExample[]> {
  const { state, reason: why, detail } = judged(scope);
  const { rows } = await sql<ReasonExample>`
    select p.source, p.url, p.page_url as "pageUrl", ${detail} as detail
    from candidate c join picture p on p.id = c.picture_id
    where (${ofCollection(scope)} or c.refusal = 'unknown-class') and ${isLinked(scope.collectionId)} and ${state} in ('dropped', 'failed') and ${why} = ${reason}
    order by c.id limit ${limit}`.execute(db);
  return rows;
}

/** The first few photos that failed to be decided for a reason, by the picture that first brought each. */
export async function failedExamplesOf(
  db: Kysely<Database>,
  scope: DecisionScope,
  { reason, limit }: { readonly reason: string; readonly limit: number },
): Promise<ReasonExample[]> {
  const { rows } = await sql<ReasonExample>`
    select p.source, p.url, p.page_url as "pageUrl", d.detail
    from (
      select photo_id, min(detail) as detail from decision
      where collection_id = ${scope.collectionId} and state = 'failed' and reason = ${reason}
        and decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
      group by photo_id order by photo_id limit ${limit}) as d
    cross join lateral (select source, url, page_url from picture where photo_id = d.photo_id order by id limit 1) as p
    order by d.photo_id`.execute(db);
  return rows;
}
