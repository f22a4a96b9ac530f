import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';

export interface HashRange {
  readonly from: Buffer;
  readonly to: Buffer;
}

/** An SQL array: the hashes of the photos whose files in revisions have other hashes, which are in this range. */
export function photosOfFiles({ from, to }: HashRange): RawBuilder<Buffer[]> {
  return sql`array(select distinct sha256 from export_photo where file_sha256 between ${from} and ${to})`;
}

/** The photo of each exported file, by the hash of the file. The hash of a photo of the catalogue names only that photo. */
export async function photosByFile(
  db: Kysely<Database>,
  files: readonly Sha256[],
): Promise<ReadonlyMap<Sha256, Sha256>> {
  const { rows } = await sql<{ file: Sha256; photo: Sha256 }>`
    select distinct encode(e.file_sha256, 'hex') as file, encode(e.sha256, 'hex') as photo from export_photo e
    where e.file_sha256 = any(array(select decode(h, 'hex') from unnest(${files}::text[]) as h))
      and not exists (select 1 from photo f where f.sha256 = e.file_sha256)`.execute(db);
  return new Map(rows.map(({ file, photo }) => [file, photo]));
}
