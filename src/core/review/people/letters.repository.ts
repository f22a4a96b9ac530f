import { sql, type Kysely } from 'kysely';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { Database } from '../../platform/postgres/database.ts';

/**
 * Reads the letters that exports and reports have instead of names. They follow the first actions of people in review and quiz, so a
 * person keeps a letter.
 * Imported verdicts have earlier times, so a reviewer follows all reviewers whose actions were stored before.
 */
export async function lettersOf(
  db: Kysely<Database>,
  { collectionId }: Pick<DecisionScope, 'collectionId'>,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ reviewer: string }>`
    select reviewer from (
      select reviewer, max(min(at)) over (order by min(id)) as at, min(id) as id
      from review_event where collection_id = ${collectionId} group by reviewer
      union all
      select reviewer, min(at), null from quiz_answer where collection_id = ${collectionId} group by reviewer) as first
    group by reviewer order by min(at), min(id)`.execute(db);
  return new Map(rows.map(({ reviewer }, i) => [reviewer, letterOf(i)]));
}

/** A to Z, then AA, AB and so on. */
function letterOf(i: number): string {
  const last = String.fromCodePoint(65 + (i % 26));
  return i < 26 ? last : letterOf(Math.floor(i / 26) - 1) + last;
}
