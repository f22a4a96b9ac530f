import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // Hash of the file of a photo, if it differs from that of the stored bytes. Null for revisions of earlier versions.
  `alter table export_photo add column file_sha256 bytea check (length(file_sha256) = 32)`,
  // Commands accept the hash of an exported file in the place of the photo's own.
  `create index export_photo_file on export_photo (file_sha256) where file_sha256 is not null`,
];

/** Adds the hashes of exported files to the photos of revisions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
