import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import { collectionScopes } from '../prune/retention.repository.ts';
import { isTaken } from './decision.repository.ts';
import { DECIDED, DECIDED_P } from './first-candidates.repository.ts';
import { recountPhotos } from './photo-counts.repository.ts';
import { addedUp, changedPages, foldPhotoCounts, PHOTOS_PER_PAGE, readPhotoCounts } from './photo-tally.repository.ts';

/** Collections whose tally of photos differs from a real count. There are none unless the triggers have a defect. */
export async function photoTallyProblems(db: Kysely<Database>): Promise<string[]> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const problems: string[] = [];
      for (const { name, scope } of await collectionScopes(trx)) {
        const counted = (await recountPhotos(trx, scope)).map((one) => ({ ...one, count: -one.count }));
        for (const { count, ...kind } of addedUp([...(await readPhotoCounts(trx, scope)), ...counted]))
          problems.push(`the tally of ${name} has ${count} photos more than there are (${JSON.stringify(kind)})`);
      }
      return problems;
    });
}

/** Collections whose links name other first candidates than there are. There are none unless counting has a defect. */
export async function firstCandidateProblems(db: Kysely<Database>): Promise<string[]> {
  const scopes = await db.transaction().execute(collectionScopes);
  for (const { scope } of scopes) await foldPhotoCounts(db, scope);
  return readSnapshot(db, async (trx) => {
    const problems: string[] = [];
    for (const { name, scope } of scopes) {
      const changed = await changedPages(trx, scope);
      const { rows } = await sql<{ wrong: number; example: number }>`
        select count(*) as wrong, min(c.id) as example from (
          select l.collection_id, l.first_of, row(l.first_of, l.decided, l.p, l.wnid, l.source, l.licence) as marks, c.wnid, c.id, p.photo_id, p.source, p.licence, p.photo_id is not null
            and c.id = min(c.id) filter (where ${isTaken(scope)}) over (partition by p.photo_id, c.wnid) as is_first
          from collection_candidate l join candidate c on c.id = l.candidate_id join picture p on p.id = c.picture_id
          where l.collection_id = ${scope.collectionId}) as c
        left join decision d on d.collection_id = c.collection_id and d.photo_id = c.photo_id and d.wnid = c.wnid and c.is_first
        where c.marks is distinct from case when c.is_first then row(c.photo_id, ${DECIDED}, ${DECIDED_P}, c.wnid, c.source, c.licence)
            else row(null::bigint, null::text, null::float8, null::text, null::text, null::text) end
          and not array[c.photo_id / ${PHOTOS_PER_PAGE}::int, c.first_of / ${PHOTOS_PER_PAGE}::int] && ${changed}::bigint[]
        having count(*) > 0`.execute(trx);
      for (const { wrong, example } of rows)
        problems.push(
          `${name} has ${wrong} candidates with a wrong mark of the first of a photo (candidate ${example})`,
        );
    }
    return problems;
  });
}
