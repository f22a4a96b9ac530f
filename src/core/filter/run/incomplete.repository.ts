import type { Kysely } from 'kysely';
import { CROPS_PER_MEMBER } from '../../models/evidence/evidence.ts';
import { prunedAmong } from '../../photo/pruned.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import { decidedClasses } from './decision.repository.ts';
import { isAlwaysDropped, isDigestAlwaysDropped } from '../rule/judge.ts';
import type { FilterPolicy } from '../rule/policy.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import { cellsOf, countCrops, digestOfCells } from '../rule/stored-cells.ts';
import { storedPages, type StoredPhoto } from '../what-if/stored-page.repository.ts';

export interface Completion {
  readonly scope: DecisionScope;
  readonly policy: FilterPolicy;
  readonly memberIds: readonly number[];
  readonly givenUp: ReadonlySet<number>;
}

/** Ids, ascending, of decided photos of which crops never ran, or ran without storing the logits that some setting needs. */
export async function incompletePhotoIds(
  db: Kysely<Database>,
  completion: Completion,
  { after, before, limit }: { readonly after: number; readonly before?: number; readonly limit: number },
): Promise<number[]> {
  const { scope, memberIds, givenUp } = completion;
  const ids = await readSnapshot(db, async (trx) => {
    const all: number[] = [];
    const subjects = await decidedClasses(trx, scope);
    const range = { from: after + 1, ...(before === undefined ? {} : { before }) };
    for await (const photos of storedPages(trx, scope, { memberIds, subjects, range })) {
      const found = photos.filter((photo) => !givenUp.has(photo.photoId) && isIncomplete(photo, completion));
      const foundIds = [...new Set(found.map(({ photoId }) => photoId))];
      const pruned = await prunedAmong(trx, foundIds);
      all.push(...foundIds.filter((id) => !pruned.has(id)));
      if (all.length >= limit) break;
    }
    return all;
  });
  return ids.toSorted((a, b) => a - b).slice(0, limit);
}

export async function countIncomplete(db: Kysely<Database>, completion: Completion): Promise<number> {
  const ids = await incompletePhotoIds(db, completion, { after: -1, limit: Number.POSITIVE_INFINITY });
  return ids.length;
}

function isIncomplete({ present, truth, cells }: StoredPhoto, { scope, policy }: Completion): boolean {
  if (present !== 'kept' && present !== 'dropped') return false;
  const counts = cells.map(countCrops);
  if (counts.some(({ crops }) => crops < CROPS_PER_MEMBER)) return true;
  if (counts.every(({ withLogits }) => withLogits === CROPS_PER_MEMBER)) return false;
  if (scope.concepts === undefined) return !isDigestAlwaysDropped(cells.map((span) => digestOfCells(span, truth)));
  const evidence = cells.map((span) => cellsOf(span).crops);
  return !isAlwaysDropped(evidence, null, policy);
}
