import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { readEvidence } from './evidence.repository.ts';
import { noEvidence, type PhotoEvidence } from './evidence.ts';
import { gained, overOurs, placesIn, withRelated, type RelatedMember } from './related-members.ts';

/** The related members of an ensemble's members, those with the shortest class lists first. */
export async function findRelatedMembers(db: Kysely<Database>, memberIds: readonly number[]): Promise<RelatedMember[]> {
  const { rows } = await sql<{ own: number; other: number; ours: string[]; theirs: string[] }>`
    select own.id as own, other.id as other, l.wnids as ours, k.wnids as theirs
    from member own join class_list l on l.id = own.class_list_id
    join member other on other.model_sha256 = own.model_sha256 and other.preprocessing = own.preprocessing
      and other.execution_provider = own.execution_provider and other.id <> own.id
    join class_list k on k.id = other.class_list_id and l.wnids <@ k.wnids
    where own.id = any(${memberIds}::int[]) order by cardinality(k.wnids), other.id`.execute(db);
  return rows.flatMap(({ own, other, ours, theirs }) => {
    const places = placesIn(theirs, ours);
    return places === null ? [] : [{ memberId: other, member: memberIds.indexOf(own), places }];
  });
}

/** A photo, and the classes whose p must be known, as positions in the class list; null for no class (mode O). */
interface Asked {
  readonly photoId: number;
  readonly truths: readonly (number | null)[];
}

export interface Known {
  readonly evidence: PhotoEvidence;
  /** Exact cells that came from related members, to be stored as the member's own. */
  readonly gained: PhotoEvidence;
}

/** The evidence of some photos, including the evidence of the same models over more classes. */
export async function readKnown(
  db: Kysely<Database>,
  photos: readonly Asked[],
  { memberIds, related }: { readonly memberIds: readonly number[]; readonly related: readonly RelatedMember[] },
): Promise<Map<number, Known>> {
  const ids = photos.map(({ photoId }) => photoId);
  const own = await readEvidence(db, ids, memberIds);
  const relatedIds = related.map(({ memberId }) => memberId);
  const theirs = await readEvidence(db, ids, relatedIds);
  return new Map(
    photos.map(({ photoId, truths: given }) => {
      const truths = given.filter((truth) => truth !== null);
      const ours = own.get(photoId) ?? noEvidence(memberIds.length);
      let known = ours;
      for (const [i, { member, places }] of related.entries()) {
        const cells = theirs.get(photoId)?.[i] ?? [];
        const inOurs = cells.map((cell) => cell && overOurs(cell, places, truths));
        known = known.with(member, withRelated(known[member] ?? [], inOurs));
      }
      return [photoId, { evidence: known, gained: gained(ours, known) }];
    }),
  );
}
