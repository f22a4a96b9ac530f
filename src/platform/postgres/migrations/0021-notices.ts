import { sql, type Kysely } from 'kysely';

/** Bytes that a source sends in place of many pictures: what else comes with them is no photo either. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table notice (
      source text not null,
      sha256 bytea not null check (length(sha256) = 32),
      pictures integer not null,
      noted_at timestamptz not null default now(),
      primary key (source, sha256)
    )`.execute(db);
}
