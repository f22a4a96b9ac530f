import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Wnid } from '../../kernel/ids.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { onlyRow } from '../../platform/postgres/query.ts';
import { listedVerdicts } from '../../shortlist/second-pass.repository.ts';
import type { ActionAuthor } from '../events/action.repository.ts';
import type { QuizPhoto, DrawnQuestion } from './draw.ts';
import { DEFAULT_QUIZ, type QuizAnswer, type QuizOptions, type QuizQuestion } from './quiz.ts';
import type { CountedAnswer } from './results.ts';

interface Draw extends QuizOptions {
  /** Drawn photos that count. */
  readonly drawn: number;
  readonly answers: number;
}

/** Reads how a person's photos were drawn. If there are none, the defaults. */
export async function readDraw(db: Kysely<Database>, { collectionId, reviewer }: ActionAuthor): Promise<Draw> {
  const read = await sql<Draw>`
    select coalesce(max(q.photos), ${DEFAULT_QUIZ.photos}::int) as photos, max(cardinality(q.choices)) as choices,
      count(*) filter (where not q.is_practice) as drawn, count(a.id) as answers
    from quiz_question q left join quiz_answer a using (collection_id, reviewer, place)
    where q.collection_id = ${collectionId} and q.reviewer = ${reviewer}`.execute(db);
  return onlyRow(read);
}

/**
 * SQL: the accepted photos `p` with their bytes, and the controls among them. A photo that is accepted for two classes has two right
 * answers, so it is left out.
 */
const accepted = (collectionId: number): RawBuilder<unknown> => sql`(
  select min(v.wnid) as wnid, v.sha256, bool_or(s.state = 'control') as is_control from verdict v
  join photo f on f.sha256 = v.sha256
  join shortlist_entry s on s.collection_id = v.collection_id and s.wnid = v.wnid and s.photo_id = f.id
  where v.collection_id = ${collectionId} and v.state = 'accepted' and s.state in ('listed', 'control') and f.bytes_state = 'stored'
  group by v.sha256 having count(*) = 1) as p`;

const reviewedBy = (reviewer: string): RawBuilder<unknown> =>
  sql`p.sha256 in (select e.sha256 from review_event e where e.reviewer = ${reviewer})`;

/**
 * Photos to draw from, without those that the person has reviewed, for any class and in any collection. Those that wait for a second,
 * blind verdict are left out: the person may be asked to give it.
 */
export async function acceptedPhotos(
  db: Kysely<Database>,
  scope: DecisionScope,
  { reviewer, secondPass }: { readonly reviewer: string; readonly secondPass: number },
): Promise<QuizPhoto[]> {
  const { rows } = await sql<QuizPhoto>`
    select encode(p.sha256, 'hex') as sha256, p.wnid, p.is_control as "isControl"
    from ${accepted(scope.collectionId)} where not ${reviewedBy(reviewer)} and not exists (
      select 1 from ${listedVerdicts(scope, secondPass, null)} as l where l.sha256 = p.sha256 and l.is_pending)
    order by p.wnid collate "C", p.sha256`.execute(db);
  return rows;
}

/** Returns false, and changes nothing, if the person has an answer. Two tabs draw the same photos, so those of the second are skipped. */
export async function replaceQuestions(
  db: Kysely<Database>,
  { collectionId, reviewer }: ActionAuthor,
  { photos, questions }: { readonly photos: number; readonly questions: readonly DrawnQuestion[] },
): Promise<boolean> {
  const own = sql`collection_id = ${collectionId} and reviewer = ${reviewer}`;
  return db.transaction().execute(async (trx) => {
    // An answer that comes later waits for these rows, and then finds none.
    await sql`select 1 from quiz_question where ${own} for update`.execute(trx);
    const { rows } = await sql`select 1 from quiz_answer where ${own} limit 1`.execute(trx);
    if (rows.length > 0) return false;
    await sql`delete from quiz_question where ${own}`.execute(trx);
    await sql`
      insert into quiz_question (collection_id, reviewer, place, sha256, wnid, is_practice, choices, photos)
      select ${collectionId}::int, ${reviewer}, q.place, decode(q.sha256, 'hex'), q.wnid, q."isPractice", q.choices, ${photos}::int
      from rows from (jsonb_to_recordset(${JSON.stringify(questions)}::jsonb)
        as (sha256 text, wnid text, "isPractice" bool, choices text[])) with ordinality as q(sha256, wnid, "isPractice", choices, place)
      on conflict do nothing`.execute(trx);
    return true;
  });
}

/** Ids of the photos of a person's open questions, in every collection. An answered or skipped question is not open. */
export async function askedPhotos(db: Kysely<Database>, reviewer: string): Promise<number[]> {
  const collections = await sql<{ id: number }>`
    select distinct collection_id as id from quiz_question where reviewer = ${reviewer}`.execute(db);
  const asked: number[] = [];
  for (const { id } of collections.rows) {
    const { rows } = await sql<{ id: number }>`
      select f.id from quiz_question q join photo f on f.sha256 = q.sha256
      left join quiz_answer a using (collection_id, reviewer, place)
      where q.collection_id = ${id} and q.reviewer = ${reviewer} and a.id is null and ${isStillAsked(id, reviewer)}`.execute(
      db,
    );
    asked.push(...rows.map((row) => row.id));
  }
  return asked;
}

const isStillAsked = (collectionId: number, reviewer: string): RawBuilder<unknown> => sql`exists (
  select 1 from ${accepted(collectionId)} where p.wnid = q.wnid and p.sha256 = q.sha256 and not ${reviewedBy(reviewer)})`;

export interface QuizPlace extends QuizQuestion {
  readonly wnid: Wnid;
  readonly isAnswered: boolean;
}

/**
 * The questions of a person in order. Leaves out those without an answer whose photo is not accepted any more, was taken down, or
 * was reviewed by the person since.
 */
export async function quizPlaces(db: Kysely<Database>, { collectionId, reviewer }: ActionAuthor): Promise<QuizPlace[]> {
  const { rows } = await sql<QuizPlace>`
    select q.place, encode(q.sha256, 'hex') as sha256, q.wnid, q.is_practice as "isPractice", q.choices, a.id is not null as "isAnswered"
    from quiz_question q left join quiz_answer a using (collection_id, reviewer, place)
    where q.collection_id = ${collectionId} and q.reviewer = ${reviewer} and (a.id is not null or ${isStillAsked(collectionId, reviewer)})
    order by q.place`.execute(db);
  return rows;
}

/** Stores the first answer to a question. If the photo at the place was replaced, stores nothing. */
export async function insertAnswer(
  db: Kysely<Database>,
  { collectionId, reviewer }: ActionAuthor,
  { place, sha256, wnid, ms }: QuizAnswer,
): Promise<void> {
  await sql`
    insert into quiz_answer (collection_id, reviewer, place, wnid, ms)
    select collection_id, reviewer, place, ${wnid}, ${ms}::int from quiz_question
    where collection_id = ${collectionId} and reviewer = ${reviewer} and place = ${place} and sha256 = decode(${sha256}, 'hex')
    for key share
    on conflict (collection_id, reviewer, place) do nothing`.execute(db);
}

/** The answers that count, without practice: those on photos that are accepted now. People are in the order of their first answers. */
export async function countedAnswers(db: Kysely<Database>, collectionId: number): Promise<CountedAnswer[]> {
  const { rows } = await sql<CountedAnswer>`
    select a.reviewer, encode(q.sha256, 'hex') as sha256, a.wnid = q.wnid as "isRight", p.is_control as "isControl",
      cardinality(q.choices) as choices
    from quiz_answer a join quiz_question q using (collection_id, reviewer, place)
    join ${accepted(collectionId)} on p.wnid = q.wnid and p.sha256 = q.sha256
    where a.collection_id = ${collectionId} and not q.is_practice
    order by min(a.id) over (partition by a.reviewer), a.id`.execute(db);
  return rows;
}
