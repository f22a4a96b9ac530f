import type { DecisionFilter } from '../filter/run/decision-list.repository.ts';
import type { Rights } from '../shortlist/photo-of-class.repository.ts';
import { sql, type Kysely } from 'kysely';
import type { PhotoFacts } from '../crawl/sources/source.ts';
import { PHOTO_FACTS } from '../crawl/candidates/candidate.repository.ts';
import { isLinked } from '../crawl/candidates/link.repository.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { CandidateState } from '../kernel/reasons.ts';
import type { BytesState } from '../photo/photo.ts';
import type { Database } from '../platform/postgres/database.ts';
import { equalsIfGiven, streamRows } from '../platform/postgres/query.ts';
import { judged } from './funnel.repository.ts';

export interface CandidateSighting extends Omit<Rights, 'foundOn' | 'rightsBy'>, PhotoFacts {
  readonly wnid: string;
}

export interface CandidateLine extends CandidateSighting {
  readonly state: CandidateState;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly sha256: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly bytes: number | null;
  /** Null before the photo is stored. */
  readonly bytesState: BytesState | null;
}

export interface CandidateFilter extends Pick<DecisionFilter, 'wnids' | 'state' | 'reason' | 'source'> {
  /** Includes candidates of a class that the collection does not have. */
  readonly unknownClasses: boolean;
}

/** The lines behind the counts of the funnel, by class, source and source id. The same catalogue gives the same lines. */
export function listCandidates(
  db: Kysely<Database>,
  scope: DecisionScope,
  filter: CandidateFilter,
): AsyncGenerator<CandidateLine> {
  const { state, reason, detail } = judged(scope);
  return streamRows(
    db,
    sql<CandidateLine>`
    select l.* from (
      select p.source, p.source_id as "sourceId", c.wnid, p.url, p.page_url as "pageUrl", p.creator, p.licence, p.licence_url as "licenceUrl",
        ${PHOTO_FACTS}, ${state} as state, ${reason} as reason, ${detail} as detail,
        encode(f.sha256, 'hex') as sha256, f.width, f.height, f.bytes, f.bytes_state as "bytesState"
      from candidate c join picture p on p.id = c.picture_id left join photo f on f.id = p.photo_id
      where (c.wnid = any(${filter.wnids}::text[]) or ${filter.unknownClasses} and c.refusal = 'unknown-class') and ${isLinked(scope.collectionId)}
    ) as l
    where ${equalsIfGiven('l.state', filter.state)} and ${equalsIfGiven('l.reason', filter.reason)} and ${equalsIfGiven('l.source', filter.source)}
    order by l.wnid collate "C", l.source collate "C", l."sourceId" collate "C"`,
  );
}
