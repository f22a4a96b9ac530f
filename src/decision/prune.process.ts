import type { Transaction } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { firstStoredFrom, lockStored, setBytesState, type BytesOfPhoto } from '../photo/pruned.repository.ts';
import { removeMarked, type PruneBytesDeps, type PrunedCount } from '../photo/prune-bytes.process.ts';
import { shareLeaks } from './overrule.repository.ts';
import {
  collectionScopes,
  holdsOf,
  lookUpOneByOne,
  photoIdsInScope,
  type Hold,
  type NamedScope,
} from './retention.repository.ts';
import type { DecisionScope } from './scope.ts';

export interface PruneDeps extends PruneBytesDeps {
  /** The collection whose photos are looked at, under its current rules. */
  readonly scope: DecisionScope;
}

export interface IdRange {
  readonly from: number;
  readonly before: number;
}

/** The result for the photos of a range that had bytes. */
export interface RangeOutcome {
  readonly gone: PrunedCount;
  /** Those that keep their bytes, and why. */
  readonly held: readonly (Hold & { readonly bytes: number })[];
}

/**
 * Deletes the bytes of the photos of a range that every collection and class that has them has dropped. One
 * transaction, in which no rules and no decisions change, marks them; they are deleted after it.
 */
export async function pruneRange(range: IdRange, deps: PruneDeps): Promise<RangeOutcome> {
  const { free, held } = await deps.db.transaction().execute(async (trx) => {
    const { scopes, ids } = await lookAt(trx, range, deps.scope);
    const sorted = await sortOut(trx, scopes, await lockStored(trx, ids));
    await setBytesState(
      trx,
      sorted.free.map(({ id }) => id),
      'pruning',
    );
    return sorted;
  });
  const ids = free.map(({ id }) => id);
  const gone = ids.length === 0 ? { photos: 0, bytes: 0 } : await removeMarked(deps, ids);
  return { gone, held };
}

/** A dry run: what would be deleted. */
export async function wouldPrune(
  range: IdRange,
  { db, scope }: Pick<PruneDeps, 'db' | 'scope'>,
): Promise<RangeOutcome> {
  const { free, held } = await db.transaction().execute(async (trx) => {
    const { scopes, ids } = await lookAt(trx, range, scope);
    return sortOut(trx, scopes, await lockStored(trx, ids));
  });
  return { gone: { photos: free.length, bytes: free.reduce((total, { bytes }) => total + bytes, 0) }, held };
}

/** Judges this collection under its current rules, and the others under the rules of their last filter. */
async function lookAt(
  trx: Transaction<Database>,
  range: IdRange,
  scope: DecisionScope,
): Promise<{ scopes: NamedScope[]; ids: number[] }> {
  await lookUpOneByOne(trx);
  const known = await collectionScopes(trx);
  await shareLeaks(trx);
  const scopes = known.map((one) => (one.scope.collectionId === scope.collectionId ? { ...one, scope } : one));
  return { scopes, ids: await photoIdsInScope(trx, scope, range) };
}

async function sortOut(
  trx: Transaction<Database>,
  scopes: readonly NamedScope[],
  photos: readonly BytesOfPhoto[],
): Promise<{ free: BytesOfPhoto[]; held: (Hold & { bytes: number })[] }> {
  // A separate statement after the rows are locked, so that it sees all decisions until then.
  const holds = await holdsOf(
    trx,
    scopes,
    photos.map(({ id }) => id),
  );
  const held = photos.flatMap(({ id, bytes }) => {
    const hold = holds.get(id);
    return hold === undefined ? [] : [{ ...hold, bytes }];
  });
  return { free: photos.filter(({ id }) => !holds.has(id)), held };
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
