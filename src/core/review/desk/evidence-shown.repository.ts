import { sql, type Kysely } from 'kysely';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import { isTaken, ofCollection } from '../../filter/run/decision.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { PhotoEvidenceShown } from './desk.ts';
import type { Subject } from '../events/event.ts';
import { isNotAsked, type DeskView } from './known-photos.repository.ts';

export interface ShownPhoto {
  readonly id: number;
  readonly width: number;
  readonly height: number;
  /** Null if the photo is not on the shortlist of that class. */
  readonly confusionWnid: Wnid | null;
}

export async function shownPhoto(
  db: Kysely<Database>,
  collectionId: number,
  { sha256, wnid }: Subject,
): Promise<ShownPhoto | null> {
  const { rows } = await sql<ShownPhoto>`
    select f.id, f.width, f.height, e.confusion_wnid as "confusionWnid"
    from photo f left join shortlist_entry e on e.photo_id = f.id and e.collection_id = ${collectionId} and e.wnid = ${wnid}
    where f.sha256 = decode(${sha256}, 'hex')`.execute(db);
  return rows[0] ?? null;
}

export interface ShownMember {
  readonly id: number;
  readonly modelName: string;
  readonly modelSha256: Sha256;
  readonly preprocessing: string;
}

export async function membersWithEvidence(
  db: Kysely<Database>,
  photoId: number,
  classListSha256: Sha256,
): Promise<ShownMember[]> {
  const { rows } = await sql<ShownMember>`
    select m.id, m.model_name as "modelName", encode(m.model_sha256, 'hex') as "modelSha256", m.preprocessing
    from member m join class_list l on l.id = m.class_list_id
    where l.sha256 = decode(${classListSha256}, 'hex')
      and exists (select 1 from counted_evidence e where e.photo_id = ${photoId} and e.member_id = m.id)
    order by m.id`.execute(db);
  return rows;
}

type Elsewhere = Omit<PhotoEvidenceShown['elsewhere'][number], 'name'>;

/** Other classes of the collection whose searches brought the same bytes, with their decisions. */
export async function classesWithSameBytes(
  db: Kysely<Database>,
  scope: DecisionScope,
  { photoId, wnid }: { readonly photoId: number; readonly wnid: Wnid },
): Promise<Elsewhere[]> {
  const { rows } = await sql<Elsewhere>`
    select distinct c.wnid, coalesce(d.state, 'undecided') as outcome, d.reason
    from picture p join candidate c on c.picture_id = p.id
    left join decision d on d.collection_id = ${scope.collectionId} and d.photo_id = p.photo_id and d.wnid = c.wnid
      and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
    where p.photo_id = ${photoId} and c.wnid <> ${wnid} and ${isTaken(scope)} and ${ofCollection(scope)} order by c.wnid`.execute(
    db,
  );
  return rows;
}

/** Photos of the class that the shortlist takes for the same picture as a photo: its twin, and all that have the same twin. */
export async function nearDuplicatesOf(
  db: Kysely<Database>,
  view: DeskView,
  { photoId, wnid }: { readonly photoId: number; readonly wnid: Wnid },
): Promise<PhotoEvidenceShown['nearDuplicates'][number][]> {
  const { rows } = await sql<PhotoEvidenceShown['nearDuplicates'][number]>`
    select encode(f.sha256, 'hex') as sha256, e.state
    from shortlist_entry own
    join shortlist_entry e on e.collection_id = own.collection_id and e.wnid = own.wnid and e.photo_id <> own.photo_id
      and coalesce(own.twin_photo_id, own.photo_id) in (e.photo_id, e.twin_photo_id)
    join photo f on f.id = e.photo_id
    where own.collection_id = ${view.scope.collectionId} and own.wnid = ${wnid} and own.photo_id = ${photoId}
      and ${isNotAsked(view, sql`e.photo_id`)}
    order by e.state desc, e.position`.execute(db);
  return rows;
}
