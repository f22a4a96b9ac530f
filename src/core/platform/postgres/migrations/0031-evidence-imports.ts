import { sql, type Kysely } from 'kysely';

/** Adds the samples of imports of evidence. Earlier imports have one row for all, without numbers: nothing was stored of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table evidence_import (
      id integer generated always as identity primary key,
      plan_sha256 bytea unique check (length(plan_sha256) = 32),
      seed text,
      photos integer,
      compared integer,
      most_differing double precision check (most_differing between 0 and 1),
      -- Ids for the cpu.
      member_ids integer[] not null,
      imported_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    insert into evidence_import (member_ids)
    select array_agg(c.id order by c.id) from member c join member m using (model_sha256, preprocessing, class_list_id)
    where c.execution_provider = 'cpu' and m.execution_provider = 'imported' having count(*) > 0`.execute(db);
}
