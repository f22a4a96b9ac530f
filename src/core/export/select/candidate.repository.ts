import { sql, type Kysely, type RawBuilder } from 'kysely';
import { PHOTO_FACTS } from '../../crawl/candidates/candidate.repository.ts';
import { decidedClasses } from '../../filter/run/decision.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import { notCounting } from '../../status/not-counting.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { onlyRow } from '../../platform/postgres/query.ts';
import { subjectKey, type ReviewEvent } from '../../review/events/event.ts';
import { verdictOf } from '../../review/events/verdict.ts';
import { drawChance } from '../../shortlist/second-pass.repository.ts';
import { photosOfClass } from '../../shortlist/photo-of-class.repository.ts';
import type { Protocol } from '../protocol.ts';
import type { ExportCandidate, SelectionRules } from './select.ts';

type CandidateRow = Omit<ExportCandidate, 'state' | 'decidedBy' | 'alsoWnids' | 'tags' | 'reviews' | 'whyNot'> & {
  readonly events: readonly ReviewEvent[];
};

interface CandidatesQuery {
  /** The share of photos that the second pass draws, 0..1. */
  readonly secondPass: number;
  readonly folders: Protocol['folders'];
  /** A photo is used under the first licence that is allowed. If none is, its first licence is stated. */
  readonly isLicenceAllowed: SelectionRules['isLicenceAllowed'];
  /** The ids under which imported evidence of the members is stored. */
  readonly importedMembers: readonly number[];
}

/** Photos that are listed, are controls or were reviewed, by folder and SHA-256. Give a transaction to read from one snapshot. */
export async function* exportCandidates(
  db: Kysely<Database>,
  scope: DecisionScope,
  { folders, isLicenceAllowed, secondPass, importedMembers }: CandidatesQuery,
): AsyncGenerator<ExportCandidate> {
  const reasons = new Map((await notCounting(db, scope)).map((row) => [subjectKey(row), row.whyNot]));
  const licences = await db.selectFrom('licence').select('name').execute();
  const rows = photosOfClass<CandidateRow>(db, scope, {
    of: listedOrReviewed(scope, await decidedClasses(db, scope), secondPass),
    columns: candidateColumns(scope, importedMembers),
    order: sql`${folders === 'predicted' ? sql`l.confusion_wnid` : sql`l.wnid`} collate "C", l.sha256, l.wnid collate "C"`,
    preferred: licences.flatMap(({ name }) => (isLicenceAllowed(name) ? [name] : [])),
  });
  // A class may have been named before the collection's `among` lost it.
  const among = new Set(scope.wnids);
  const isClass = (wnid: string): boolean => among.has(wnid);
  for await (const { events, ...row } of rows) {
    const whyNot = reasons.get(subjectKey(row)) ?? null;
    if (whyNot === 'crawl-sample') continue;
    const { state, decidedBy, tags, ...said } = verdictOf(events);
    const reviews = said.reviews.map((review) => ({ ...review, alsoWnids: review.alsoWnids.filter(isClass) }));
    const alsoWnids = said.alsoWnids.filter(isClass);
    yield { ...row, state, decidedBy, alsoWnids, tags, reviews, whyNot };
  }
}

function listedOrReviewed(
  { collectionId }: DecisionScope,
  wnids: readonly string[],
  secondPass: number,
): RawBuilder<unknown> {
  const [wnid, sha256] = [sql`coalesce(n.wnid, v.wnid)`, sql`coalesce(n.sha256, v.sha256)`];
  const photo = { collectionId: sql`${collectionId}::int`, wnid, sha256 };
  return sql`(
    select ${wnid} as wnid, ${sha256} as sha256, n.rank, f.id as photo_id, f.bytes,
      case when d.state = 'kept' then d.confusion_wnid else d.wnid end as confusion_wnid,
      case when d.state = 'kept' then d.confusion_prob else d.max_true_prob end as confusion_prob, d.max_true_prob,
      case when n.state = 'control' then 'control' else 'test' end as split,
      ${drawChance(secondPass, photo)} as chance
    from (select s.wnid, f.sha256, s.rank, s.state from shortlist_entry s join photo f on f.id = s.photo_id
      where s.collection_id = ${collectionId} and s.state <> 'left-out') as n
    full join (select wnid, sha256, draw_place, draw_of, is_inspected from verdict where collection_id = ${collectionId}) as v
      on v.wnid = n.wnid and v.sha256 = n.sha256
    left join photo f on f.sha256 = coalesce(n.sha256, v.sha256)
    left join decision d on d.collection_id = ${collectionId} and d.photo_id = f.id and d.wnid = coalesce(n.wnid, v.wnid)
      and (d.state = 'kept' or d.reason = 'correct')
    where coalesce(n.wnid, v.wnid) = any(${wnids}::text[]))`;
}

/** A decision never uses imported cells without storing them, and one of winnow's own may have come later. */
function candidateColumns({ collectionId }: DecisionScope, importedMembers: readonly number[]): RawBuilder<unknown> {
  return sql`l.bytes, l.chance, l.split, ${PHOTO_FACTS},
    exists (select 1 from evidence e where e.photo_id = l.photo_id and e.member_id = any(${importedMembers}::int[])) as "isImported",
    (select coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'reviewer', e.reviewer, 'kind', e.kind, 'value', e.value,
        'undoes', e.undoes, 'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by e.id), '[]')
      from review_event e where e.collection_id = ${collectionId} and e.wnid = l.wnid and e.sha256 = l.sha256) as events,
    (select min(v.wnid collate "C") from verdict v
      join shortlist_entry s on s.collection_id = v.collection_id and s.wnid = v.wnid and s.photo_id = l.photo_id
      where v.collection_id = ${collectionId} and v.sha256 = l.sha256 and v.wnid <> l.wnid and v.state = 'accepted'
        and s.state = 'listed') as "alsoAcceptedAs"`;
}

/** The time of the latest review event, and the id of the last one stored: imports have times of before. */
export async function lastReview(db: Kysely<Database>, { collectionId }: DecisionScope) {
  const read = await sql<{ at: string | null; id: number }>`
    select to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, coalesce(max(id), 0) as id
    from review_event where collection_id = ${collectionId}`.execute(db);
  return onlyRow(read);
}
