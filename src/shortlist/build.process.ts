import type { Kysely } from 'kysely';
import type { DecisionScope } from '../decision/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import {
  MODE_A_RULES,
  MODE_O_RULES,
  shortlistCollection,
  type ShortlistPolicy,
  type ShortlistRow,
} from './shortlist.ts';
import { isStored } from './stored-shortlist.repository.ts';
import { keptPhotos, lockCollection, replaceShortlist } from './shortlist.repository.ts';

/**
 * Builds the collection's shortlist anew from what it keeps and replaces the stored one. The same catalogue gives the
 * same rows, so building it twice changes nothing.
 */
export async function buildShortlist(
  db: Kysely<Database>,
  scope: DecisionScope,
  policy: ShortlistPolicy,
): Promise<ShortlistRow[]> {
  return db.transaction().execute(async (trx) => {
    // Two builds at once take turns; each reads what is kept in one statement, so in one state.
    await lockCollection(trx, scope.collectionId);
    const rules = scope.concepts === undefined ? MODE_A_RULES : MODE_O_RULES;
    const rows = shortlistCollection(await keptPhotos(trx, scope), policy, rules);
    // One that is stored already keeps the time at which it was built.
    if (!(await isStored(trx, scope, { policy, rows }))) await replaceShortlist(trx, scope, { policy, rows });
    return rows;
  });
}
