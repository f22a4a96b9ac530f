import type { Kysely } from 'kysely';
import type { DecisionScope } from '../decision/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { ShortlistPolicy, ShortlistRow } from './shortlist.ts';
import { listShortlist } from './shortlist.repository.ts';

/** When the stored shortlist last changed. */
export async function readBuiltAt(db: Kysely<Database>, collectionId: number): Promise<Date> {
  const { built_at: builtAt } = await db
    .selectFrom('shortlist')
    .select('built_at')
    .where('collection_id', '=', collectionId)
    .executeTakeFirstOrThrow();
  return builtAt;
}

/** Whether a shortlist with these rows and rules is stored already. */
export async function isStored(
  db: Kysely<Database>,
  scope: DecisionScope,
  { policy, rows }: { policy: ShortlistPolicy; rows: readonly ShortlistRow[] },
): Promise<boolean> {
  const head = await db
    .selectFrom('shortlist')
    .selectAll()
    .where('collection_id', '=', scope.collectionId)
    .executeTakeFirst();
  const isSameHead =
    head?.cap === policy.cap &&
    head.near_duplicate_distance === policy.nearDuplicateDistance &&
    head.decision_sha256.toString('hex') === scope.decisionSha256;
  if (!isSameHead) return false;
  let position = 0;
  for await (const stored of listShortlist(db, scope)) {
    const row = rows[position];
    position += 1;
    if (row === undefined || textOf(row) !== textOf(stored)) return false;
  }
  return position === rows.length;
}

function textOf(row: ShortlistRow): string {
  const { rank, wnid, sha256, state, reason, twinSha256, confusionWnid, maxTrueProb, confusionProb, alsoIn } = row;
  // The table stores absent and null alike.
  const { twinBy = null } = row;
  return JSON.stringify([
    rank,
    wnid,
    sha256,
    state,
    reason,
    twinSha256,
    twinBy,
    confusionWnid,
    maxTrueProb,
    confusionProb,
    alsoIn,
  ]);
}
