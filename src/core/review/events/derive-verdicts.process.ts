import type { Transaction } from 'kysely';
import { groupBy } from '../../kernel/group-by.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { subjectKey, type Subject } from './event.ts';
import { eventsOf, storeVerdicts } from './review.repository.ts';
import { verdictOf } from './verdict.ts';

/** Derives the verdicts of photos from all of their events, and stores them for counts and queues. Lock the photos first. */
export async function deriveVerdicts(
  trx: Transaction<Database>,
  collectionId: number,
  subjects: readonly Subject[],
): Promise<void> {
  const events = groupBy(await eventsOf(trx, collectionId, subjects), subjectKey);
  const verdicts = subjects.map(({ sha256, wnid }) => ({
    sha256,
    wnid,
    verdict: verdictOf(events.get(subjectKey({ sha256, wnid })) ?? []),
  }));
  await storeVerdicts(trx, collectionId, verdicts);
}
