import { sql, type Kysely } from 'kysely';
import { allowedLicence, ofCollection } from '../filter/run/decision.repository.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { VerdictState } from '../review/events/verdict.ts';

/** A photo that the filter keeps, for one class, with its rights and its verdict. */
export interface ReportedPhoto {
  readonly photoId: number;
  readonly sha256: Sha256;
  /** The class that it is searched as, and the ensemble's prediction. */
  readonly wnid: Wnid;
  readonly confusionWnid: Wnid;
  /** 0..1 */
  readonly confusionProb: number;
  /** 0..1; null in mode O. */
  readonly maxTrueProb: number | null;
  readonly isListed: boolean;
  readonly verdict: VerdictState;
  readonly tags: readonly string[];
  readonly source: string;
  readonly licence: string;
  readonly licenceUrl: string | null;
  readonly creator: string | null;
}

/** All photos that the filter keeps under the current rules, by class and SHA-256. A photo of two classes comes twice. */
export async function keptWithRights(db: Kysely<Database>, scope: DecisionScope): Promise<ReportedPhoto[]> {
  const { collectionId, decisionSha256 } = scope;
  const { rows } = await sql<ReportedPhoto>`
    select d.photo_id::int as "photoId", encode(f.sha256, 'hex') as sha256, d.wnid, d.confusion_wnid as "confusionWnid",
      d.confusion_prob as "confusionProb", d.max_true_prob as "maxTrueProb", coalesce(e.state = 'listed', false) as "isListed",
      coalesce(v.state, 'unreviewed') as verdict, coalesce(v.tags, '{}') as tags, r.source, r.licence,
      r.licence_url as "licenceUrl", r.creator
    from decision d join photo f on f.id = d.photo_id
    cross join lateral (
      select p.source, p.licence, p.licence_url, p.creator from candidate c join picture p on p.id = c.picture_id
      where p.photo_id = d.photo_id and c.wnid = d.wnid and c.refusal is null and ${allowedLicence(scope)}
      order by c.id limit 1) as r
    left join shortlist_entry e on e.collection_id = d.collection_id and e.wnid = d.wnid and e.photo_id = d.photo_id
    left join verdict v on v.collection_id = d.collection_id and v.wnid = d.wnid and v.sha256 = f.sha256
    where d.collection_id = ${collectionId} and d.state = 'kept' and d.decision_sha256 = decode(${decisionSha256}, 'hex')
      and ${ofCollection(scope, sql`d.wnid`)}
    order by d.wnid collate "C", f.sha256`.execute(db);
  return rows;
}
