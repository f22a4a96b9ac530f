import { sql, type Kysely } from 'kysely';

/**
 * Finds the references of a class without reading those of all classes: a set may have a million. The first part of a path is one
 * name of a file or folder, so it fits into an entry of an index.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index reference_picture_class on reference_picture (set_id, split_part(path, '/', 1))`.execute(db);
}
