import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { listedVerdicts } from '../../shortlist/second-pass.repository.ts';
import type { Subject } from '../events/event.ts';

export interface DeskView {
  readonly scope: DecisionScope;
  /** '' for a person without a name, who has reviewed nothing. */
  readonly reviewer: string;
  /** Share of the listed photos that get a blind second pass, 0..1. */
  readonly secondPass: number;
  /** SHA-256 of the models that decide. Others are outside models. */
  readonly ensembleModels: readonly Sha256[];
  /** True if a reviewer sees nothing from the models about a photo before their own verdict on it. */
  readonly isBlind: boolean;
}

/**
 * Listed photos and controls, with what the reviewer may know from the models. In a blind review this is the only gate: without a
 * verdict of their own, the columns of the prediction are null, so that no answer, filter, order or count can use them. The rank
 * is then the place by SHA-256, which is the same for a listed photo and for a control.
 */
export function knownPhotos(
  { scope, reviewer, secondPass, isBlind }: DeskView,
  wnids: readonly Wnid[] | null,
): RawBuilder<unknown> {
  const photos = listedVerdicts(scope, secondPass, wnids);
  if (!isBlind) return photos;
  const known = (column: string): RawBuilder<unknown> =>
    sql`case when ${reviewer} = any(a.reviewers) then ${sql.ref(`a.${column}`)} end as ${sql.ref(column)}`;
  return sql`(
    select a.wnid, a.sha256, a.width, a.height, a.photo_id, a.state, a.reason, a.reviewers, a.wanted, a.tags, a.is_flagged,
      a.wants_more, a.is_pending, row_number() over (partition by a.wnid order by a.sha256) as rank,
      ${known('confusion_wnid')}, ${known('max_true_prob')}, ${known('confusion_prob')}
    from ${photos} as a)`;
}

/**
 * The photos about which this reviewer must not know everything yet: their second, blind verdict is pending or, in a blind review,
 * their first one is.
 */
export async function hiddenPhotos(
  db: Kysely<Database>,
  { scope, reviewer, secondPass, isBlind }: DeskView,
): Promise<Subject[]> {
  const { rows } = await sql<Subject>`
    select encode(p.sha256, 'hex') as sha256, p.wnid from ${listedVerdicts(scope, secondPass, null)} as p
    where ${isBlind ? sql`p.wants_more` : sql`p.is_pending`} and not ${reviewer} = any(p.reviewers)`.execute(db);
  return rows;
}

/**
 * SQL: the photos about which the reviewer may not know what the models say. The reviewer has given no verdict on them, and either
 * the blind review of this collection still wants verdicts, or another collection that has controls lists them.
 */
export function unknownPhotos({ scope, reviewer, secondPass, isBlind }: DeskView): RawBuilder<unknown> {
  const wantsVerdicts = sql`exists (select 1 from ${listedVerdicts(scope, secondPass, null)} as p where p.wants_more)`;
  return sql`(
    select e.photo_id from shortlist_entry e join shortlist s on s.collection_id = e.collection_id join photo f on f.id = e.photo_id
    left join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256
    where e.state <> 'left-out' and not coalesce(${reviewer} = any(v.reviewers), false)
      and case when e.collection_id = ${scope.collectionId} then ${isBlind} and ${wantsVerdicts} else s.controls > 0 end)`;
}

/** True if the reviewer may know what the models say about a photo. */
export async function mayKnow(db: Kysely<Database>, view: DeskView, sha256: Sha256): Promise<boolean> {
  const { rows } = await sql`
    select 1 from ${unknownPhotos(view)} as u join photo f on f.id = u.photo_id
    where f.sha256 = decode(${sha256}, 'hex') limit 1`.execute(db);
  return rows.length === 0;
}
