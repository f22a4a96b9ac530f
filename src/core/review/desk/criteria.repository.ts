import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';

export async function readCriteria(db: Kysely<Database>, collectionId: number): Promise<string | null> {
  const { rows } = await sql<{ text: string }>`
    select text from review_criteria where collection_id = ${collectionId}`.execute(db);
  return rows[0]?.text ?? null;
}

export async function storeCriteria(
  db: Kysely<Database>,
  collectionId: number,
  { text, by }: { readonly text: string; readonly by: string },
): Promise<void> {
  await sql`
    insert into review_criteria as c (collection_id, text, changed_by) values (${collectionId}, ${text}, ${by})
    on conflict (collection_id) do update set text = excluded.text, changed_by = excluded.changed_by, changed_at = now()
    where c.text <> excluded.text`.execute(db);
}
