import type { Kysely } from 'kysely';
import { subjectsOf } from '../../filter/run/decision.repository.ts';
import type { Acceptance } from '../../kernel/acceptance.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { listReviewed } from '../events/review.repository.ts';
import { verdictOf } from '../events/verdict.ts';
import { acceptanceOf, Inspection, type FirstAccepted } from './acceptance.ts';

export async function readAcceptance({ app: { db, config }, scope }: Workspace): Promise<Acceptance> {
  return acceptanceOf(await readFirstAccepted(db, scope, config.review.secondPass), config.review.acceptance);
}

/** @param secondPass the share of photos that the second pass draws, 0..1 */
export async function readFirstAccepted(
  db: Kysely<Database>,
  scope: DecisionScope,
  secondPass: number,
): Promise<FirstAccepted> {
  const wnids = await subjectsOf(db, scope);
  const inspection = new Inspection();
  for await (const { events, chance, isListed, isControl } of listReviewed(db, scope.collectionId, {
    wnids,
    secondPass,
  }))
    if (!isControl) inspection.add({ ...verdictOf(events), chance, isListed });
  return inspection;
}
