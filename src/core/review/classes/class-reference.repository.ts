import { sql, type Kysely } from 'kysely';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';

export interface ClassReference {
  readonly id: number;
  readonly sha256: Sha256;
  /** Absolute path of the folder, as messages show it. */
  readonly folder: string;
  /** Relative to the folder, as messages show it. Its first part is the id of the class. */
  readonly path: string;
}

const OF_CLASS = (wnid: Wnid) => sql`reference_picture r join reference_set s on s.id = r.set_id
    where s.purpose = 'display' and s.completed_at is not null and split_part(r.path, '/', 1) = ${wnid} and strpos(r.path, '/') > 0`;

const COLUMNS = sql`r.id, encode(r.sha256, 'hex') as sha256, s.folder, r.path`;

/** A photo that the collection lists for the class is no reference: it is what reviewers are asked about. */
export async function classReferences(
  db: Kysely<Database>,
  collectionId: number,
  { wnid, limit }: { readonly wnid: Wnid; readonly limit: number },
): Promise<ClassReference[]> {
  const { rows } = await sql<ClassReference>`
    select ${COLUMNS} from ${OF_CLASS(wnid)} and not exists (
      select 1 from photo f join shortlist_entry e on e.photo_id = f.id
      where f.sha256 = r.sha256 and e.collection_id = ${collectionId} and e.wnid = ${wnid})
    order by s.id, r.path collate "C" limit ${limit}`.execute(db);
  return rows;
}

export async function classReference(
  db: Kysely<Database>,
  { wnid, id }: { readonly wnid: Wnid; readonly id: number },
): Promise<ClassReference | null> {
  const { rows } = await sql<ClassReference>`select ${COLUMNS} from ${OF_CLASS(wnid)} and r.id = ${id}`.execute(db);
  return rows[0] ?? null;
}
