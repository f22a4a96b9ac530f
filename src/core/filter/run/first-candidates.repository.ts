import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { collectionScopes } from '../prune/retention.repository.ts';
import { isTaken } from './decision.repository.ts';

/** Compares what links store (`0039-first-candidates.ts`) with the candidates. Returns a sentence for each difference, which means a defect in a trigger. */
export async function firstCandidateProblems(db: Kysely<Database>): Promise<string[]> {
  return db.transaction().execute(async (trx) => {
    const problems: string[] = [];
    for (const { name, scope } of await collectionScopes(trx)) {
      const { rows } = await sql<{ wrong: number; example: number }>`
        select count(*) as wrong, min(c.id) as example from (
          select l.*, c.wnid, c.id, p.photo_id, p.photo_id is not null
            and c.id = min(c.id) filter (where ${isTaken(scope)}) over (partition by p.photo_id, c.wnid) as is_first
          from collection_candidate l join candidate c on c.id = l.candidate_id join picture p on p.id = c.picture_id
          where l.collection_id = ${scope.collectionId}) as c
        left join decision d on d.collection_id = c.collection_id and d.photo_id = c.photo_id and d.wnid = c.wnid and c.is_first
        where (c.first_of, c.decided, c.p) is distinct from (case when c.is_first then c.photo_id end,
          coalesce(d.reason, d.state) || ' ' || left(encode(d.decision_sha256, 'hex'), 8), coalesce(d.max_true_prob, -d.confusion_prob))
        having count(*) > 0`.execute(trx);
      for (const { wrong, example } of rows)
        problems.push(
          `${name} has ${wrong} candidates with a wrong mark of the first of a photo (candidate ${example})`,
        );
    }
    return problems;
  });
}
