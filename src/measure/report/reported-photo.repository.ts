import { sql, type Kysely, type RawBuilder } from 'kysely';
import { allowedLicence } from '../../core/crawl/candidates/licence.repository.ts';
import { ofCollection } from '../../core/filter/run/decision.repository.ts';
import type { Wnid } from '../../core/kernel/ids.ts';
import type { DecisionScope } from '../../core/models/workspace/scope.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import { subjectKey } from '../../core/review/events/event.ts';
import { furtherClasses } from '../../core/review/events/review.repository.ts';
import type { VerdictState } from '../../core/review/events/verdict.ts';
import { photosOfClass, type PhotoOfClass } from '../../core/shortlist/photo-of-class.repository.ts';

export interface ReportedPhoto extends PhotoOfClass {
  readonly photoId: number;
  readonly verdict: VerdictState;
  readonly tags: readonly string[];
  /** A day, as `2021-05-31`; null if the source does not tell it. */
  readonly uploadedAt: string | null;
  /** Further classes that reviewers see on it. */
  readonly alsoWnids: readonly Wnid[];
}

/** All photos that the filter keeps under the current rules, by class and SHA-256. A photo of two classes comes twice. */
export function keptWithRights(db: Kysely<Database>, scope: DecisionScope): Promise<ReportedPhoto[]> {
  return photosWith(db, scope, sql`d.state = 'kept'`);
}

/** The controls of the shortlist that were accepted or rejected. */
export function reviewedControls(db: Kysely<Database>, scope: DecisionScope): Promise<ReportedPhoto[]> {
  return photosWith(
    db,
    scope,
    sql`d.reason = 'correct' and e.state = 'control' and v.state in ('accepted', 'rejected')`,
  );
}

async function photosWith(
  db: Kysely<Database>,
  scope: DecisionScope,
  condition: RawBuilder<unknown>,
): Promise<ReportedPhoto[]> {
  const { collectionId, decisionSha256 } = scope;
  const photos: ReportedPhoto[] = [];
  const kept = photosOfClass<Omit<ReportedPhoto, 'alsoWnids'>>(db, scope, {
    of: sql`(
      select d.*, f.sha256, e.rank, v.state as verdict, v.tags from decision d join photo f on f.id = d.photo_id
      left join shortlist_entry e on e.collection_id = d.collection_id and e.wnid = d.wnid and e.photo_id = d.photo_id
      left join verdict v on v.collection_id = d.collection_id and v.wnid = d.wnid and v.sha256 = f.sha256
      where d.collection_id = ${collectionId} and ${condition} and d.decision_sha256 = decode(${decisionSha256}, 'hex')
        and ${ofCollection(scope, sql`d.wnid`)})`,
    columns: sql`l.photo_id::int as "photoId", coalesce(l.verdict, 'unreviewed') as verdict, coalesce(l.tags, '{}') as tags,
      to_char(p.uploaded_at, 'YYYY-MM-DD') as "uploadedAt"`,
    // A photo without a picture waits to be fetched again.
    where: sql`p.id is not null and ${allowedLicence(scope)}`,
    order: sql`l.wnid collate "C", l.sha256`,
  });
  const further = await furtherClasses(db, collectionId);
  for await (const photo of kept) photos.push({ ...photo, alsoWnids: further.get(subjectKey(photo)) ?? [] });
  return photos;
}
