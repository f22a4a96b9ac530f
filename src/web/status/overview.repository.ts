import { sql, type Kysely } from 'kysely';
import { isLinked } from '../../core/crawl/candidates/link.repository.ts';
import { ofCollection } from '../../core/filter/run/decision.repository.ts';
import type { DecisionScope } from '../../core/models/workspace/scope.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import { judged } from '../../core/status/funnel.repository.ts';

export interface ConnectedProcess {
  /** `crawl`, `filter-worker`, `server`. */
  readonly name: string;
  readonly pid: number;
  /** The name of its machine; null on this one. */
  readonly address: string | null;
  readonly since: Date;
}

/** PostgreSQL drops the connection of a process that dies, so none of the dead is listed. */
export async function connectedProcesses(
  db: Kysely<Database>,
  which: 'all' | 'others' = 'all',
): Promise<ConnectedProcess[]> {
  const isOther = which === 'all' ? sql`true` : sql`application_name <> current_setting('application_name')`;
  const { rows } = await sql<ConnectedProcess>`
    select name[1] as name, name[2]::int as pid, coalesce(name[3], host(client_addr)) as address, min(backend_start) as since
    from pg_stat_activity, regexp_match(application_name, '^winnow (\\S+) (\\d+)(?: (\\S+))?$') as name
    where datname = current_database() and name is not null and ${isOther} group by 1, 2, 3 order by 1, 2, 3`.execute(
    db,
  );
  return rows;
}

export interface ConfusionCount {
  readonly wnid: string;
  readonly confusionWnid: string;
  readonly count: number;
  /** One of them. Null if a quiz asks about all of them: the page names its class. */
  readonly photo: string | null;
}

export async function topConfusions(
  db: Kysely<Database>,
  scope: DecisionScope,
  limit: number,
): Promise<ConfusionCount[]> {
  const { rows } = await sql<ConfusionCount>`
    select top.wnid, top."confusionWnid", top.count, encode(photo.sha256, 'hex') as photo from (
    select wnid, confusion_wnid as "confusionWnid", count(*) as count, min(photo_id) filter (where photo_id not in (
      select f.id from quiz_question q join photo f on f.sha256 = q.sha256 left join quiz_answer a using (collection_id, reviewer, place)
      where a.id is null)) as photo_id from decision
    where collection_id = ${scope.collectionId} and state = 'kept' and confusion_wnid is not null
      and decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')} and ${ofCollection(scope, sql`wnid`)}
    group by 1, 2 order by 3 desc, 1, 2 limit ${limit}) as top
    left join photo on photo.id = top.photo_id order by 3 desc, 1, 2`.execute(db);
  return rows;
}

export interface FailedHost {
  /** `host:port`, or '' for files. */
  readonly host: string;
  readonly count: number;
  /** The address of one of the pictures. */
  readonly url: string;
  readonly detail: string | null;
}

const HOSTS_SHOWN = 8;

/** The hosts of the candidates that the funnel counts as failed for a reason. Those with most candidates come first. */
export async function failedHosts(db: Kysely<Database>, scope: DecisionScope, reason: string): Promise<FailedHost[]> {
  const { rows } = await sql<FailedHost>`
    select p.host, count(*) as count, (array_agg(p.url order by c.id))[1] as url, (array_agg(p.detail order by c.id))[1] as detail
    from candidate c join picture p on p.id = c.picture_id
    where p.state = 'failed' and p.reason = ${reason} and ${judged(scope).state} = 'failed'
      and ${ofCollection(scope)} and ${isLinked(scope.collectionId)}
    group by 1 order by 2 desc, 1 limit ${HOSTS_SHOWN}`.execute(db);
  return rows;
}
