import { foldPhotoCounts, readPhotoCounts } from './photo-tally.repository.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';

/** Undecided pairs of a photo and a class: those that a filter can decide, and those whose bytes must be fetched first. */
export async function countToDecide({ app, scope }: Workspace): Promise<{ withBytes: number; pruned: number }> {
  await foldPhotoCounts(app.db, scope);
  const counts = await readSnapshot(app.db, (trx) => readPhotoCounts(trx, scope));
  const left = { withBytes: 0, pruned: 0 };
  for (const { state, isPruned, count } of counts)
    if (state === 'undecided') left[isPruned ? 'pruned' : 'withBytes'] += count;
  return left;
}
