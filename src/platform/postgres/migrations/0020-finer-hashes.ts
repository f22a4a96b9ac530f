import { sql, type Kysely } from 'kysely';

/**
 * Finer hashes, which confirm what the 64-bit hash takes for the same picture. Photos and reference pictures that are there
 * already have none: those of photos are computed from their bytes when a match asks for them, those of reference pictures
 * when the set is added again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table photo add column fine_hash bytea check (length(fine_hash) = 255)`,
  `alter table reference_picture add column fine_hash bytea check (length(fine_hash) = 255)`,
  // Every command that looks for leaks asks whether a set must be added again.
  `create index reference_picture_without_fine_hash on reference_picture (set_id) where fine_hash is null`,
  // False: the 64-bit hash alone found the leak, because a finer hash was unknown.
  `alter table leak add column is_confirmed boolean not null default false`,
];
