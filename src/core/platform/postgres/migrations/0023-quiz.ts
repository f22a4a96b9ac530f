import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // The photos that a person is asked about, in order. They are drawn once, when the person begins. A photo is named by its bytes,
  // as in review_event. choices: the classes of the buttons; null if the person types.
  `create table quiz_question (
     collection_id integer not null references collection on delete cascade,
     reviewer text not null,
     place integer not null check (place > 0),
     sha256 bytea not null,
     wnid text not null,
     is_practice boolean not null,
     choices text[],
     primary key (collection_id, reviewer, place),
     unique (collection_id, reviewer, sha256)
   )`,
  // The first answer to each question, never changed or deleted. ms: from the photo on the page to the answer.
  `create table quiz_answer (
     id bigint generated always as identity primary key,
     collection_id integer not null,
     reviewer text not null,
     place integer not null,
     wnid text not null,
     ms integer not null check (ms >= 0),
     at timestamptz not null default clock_timestamp(),
     unique (collection_id, reviewer, place),
     foreign key (collection_id, reviewer, place) references quiz_question on delete cascade
   )`,
];

/** Adds the quiz, in which people name the classes of accepted photos. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
