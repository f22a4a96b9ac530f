import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // The rules of a collection belong to the catalogue. Null until a command works on the collection.
  // rules_text: the canonical text of its file. cards: the model cards of its members, by name, as texts.
  // rules_by: the user and machine that stored the rules.
  `alter table collection
     add column rules_text text,
     add column cards jsonb check (jsonb_typeof(cards) = 'object'),
     add column rules_since timestamptz,
     add column rules_by text`,
];

/** Keeps the text of each collection file in the catalogue, with the time and author of its rules. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
