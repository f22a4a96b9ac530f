import { sql, type Kysely } from 'kysely';
import { isLinked } from '../../core/crawl/candidates/link.repository.ts';
import { ofCollection } from '../../core/filter/run/decision.repository.ts';
import type { DecisionScope } from '../../core/models/workspace/scope.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import { judged } from '../../core/status/funnel.repository.ts';

export interface OverviewConfusion {
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
): Promise<OverviewConfusion[]> {
  const { rows } = await sql<OverviewConfusion>`
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
