import type { Kysely } from 'kysely';
import type { DecisionScope } from '../decision/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { shortlistCollection, type ShortlistPolicy, type ShortlistRow } from './shortlist.ts';
import { keptPhotos, replaceShortlist } from './shortlist.repository.ts';

/**
 * Builds the collection's shortlist anew from what it keeps and replaces the stored one. The same catalogue gives the
 * same rows, so building it twice changes nothing.
 */
export async function buildShortlist(
  db: Kysely<Database>,
  scope: DecisionScope,
  policy: ShortlistPolicy,
): Promise<ShortlistRow[]> {
  // Repeatable read: photos that are kept while it is built wait for the next time.
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const rows = shortlistCollection(await keptPhotos(trx, scope), policy);
      await replaceShortlist(trx, scope, { policy, rows });
      return rows;
    });
}
