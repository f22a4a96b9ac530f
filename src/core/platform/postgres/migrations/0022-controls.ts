import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // Controls asked for per class. 0: none.
  `alter table shortlist add column controls integer not null default 0`,
  // control: a photo that the filter dropped as correct, reviewed among the listed ones. It has no rank.
  `alter table shortlist_entry drop constraint shortlist_entry_state_check`,
  `alter table shortlist_entry add constraint shortlist_entry_state_check check (state in ('listed', 'left-out', 'control'))`,
];

/** Adds controls to shortlists. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
