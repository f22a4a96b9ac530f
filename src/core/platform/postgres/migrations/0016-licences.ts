import { sql, type Kysely } from 'kysely';

/** Adds the ids that allow each licence of the catalogue's pictures: a collection allows a licence if it lists one of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table licence (name text primary key, choices text[] not null)`.execute(db);
  const { rows } = await sql<{ name: string }>`select distinct licence as name from picture`.execute(db);
  const licences = rows.flatMap(({ name }) =>
    name.length > MAX_NAME_LENGTH ? [] : [{ name, choices: choicesOf(name) }],
  );
  await sql`
    insert into licence (name, choices)
    select name, choices from jsonb_to_recordset(${JSON.stringify(licences)}::jsonb) as l(name text, choices text[])`.execute(
    db,
  );
}

const MAX_NAME_LENGTH = 500;

/** In lower case, as they were computed when this migration was written. */
function choicesOf(licence: string): string[] {
  const branches = /[()]/.test(licence) ? [] : licence.split(/ OR (?!LATER\b)/);
  return [...new Set([licence, ...branches].map((id) => id.toLowerCase()))];
}
