import type { Transaction } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { firstStoredFrom, lockBytes, setBytesState, type BytesOfPhoto } from '../../photo/pruned.repository.ts';
import { removeMarked, type PruneBytesDeps, type PrunedCount } from '../../photo/prune-bytes.process.ts';
import { shareLeaks } from '../run/overrule.repository.ts';
import { collectionScopes, holdsOf, lookUpOneByOne, photoIdsInScope, type Hold } from './retention.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';

export interface PruneDeps extends PruneBytesDeps {
  /** The collection whose photos are looked at, under its current rules. */
  readonly scope: DecisionScope;
}

export interface IdRange {
  readonly from: number;
  readonly before: number;
}

export interface RangeOutcome {
  readonly gone: PrunedCount;
  readonly held: readonly (Hold & { readonly bytes: number })[];
}

/**
 * Deletes the bytes of the photos of a range that every collection and class that has them has dropped. One
 * transaction, in which no rules and no decisions change, marks them; they are deleted after it.
 */
export async function pruneRange(range: IdRange, deps: PruneDeps): Promise<RangeOutcome> {
  const { free, held } = await deps.db.transaction().execute(async (trx) => {
    const sorted = await sortOut(trx, range, deps.scope);
    await setBytesState(trx, idsOf(sorted.free), 'pruning');
    return sorted;
  });
  const gone = free.length === 0 ? { photos: 0, bytes: 0 } : await removeMarked(deps, idsOf(free));
  return { gone, held };
}

export async function wouldPrune(
  range: IdRange,
  { db, scope }: Pick<PruneDeps, 'db' | 'scope'>,
): Promise<RangeOutcome> {
  const { free, held } = await db.transaction().execute((trx) => sortOut(trx, range, scope));
  return { gone: { photos: free.length, bytes: free.reduce((total, { bytes }) => total + bytes, 0) }, held };
}

/**
 * Locks the photos of a range that have bytes, and says which of them no collection needs. This collection is judged under
 * its current rules, the others under the rules of their last filter.
 */
async function sortOut(
  trx: Transaction<Database>,
  range: IdRange,
  scope: DecisionScope,
): Promise<{ free: BytesOfPhoto[]; held: RangeOutcome['held'] }> {
  await lookUpOneByOne(trx);
  const known = await collectionScopes(trx);
  await shareLeaks(trx);
  const scopes = known.map((one) => (one.scope.collectionId === scope.collectionId ? { ...one, scope } : one));
  const photos = await lockBytes(trx, await photoIdsInScope(trx, scope, range), 'stored');
  // A separate statement after the rows are locked, so that it sees all decisions until then.
  const holds = await holdsOf(trx, scopes, idsOf(photos));
  const held = photos.flatMap(({ id, bytes }) => {
    const hold = holds.get(id);
    return hold === undefined ? [] : [{ ...hold, bytes }];
  });
  return { free: photos.filter(({ id }) => !holds.has(id)), held };
}

function idsOf(photos: readonly BytesOfPhoto[]): number[] {
  return photos.map(({ id }) => id);
}

const IDS_AT_A_TIME = 512;

/** Ranges of ids that together cover every photo with bytes. Each range is read when it is asked for. */
export async function* storedRanges(db: PruneDeps['db']): AsyncGenerator<IdRange> {
  let from = await firstStoredFrom(db, 0);
  while (from !== null) {
    const before: number = from + IDS_AT_A_TIME;
    yield { from, before };
    from = await firstStoredFrom(db, before);
  }
}
