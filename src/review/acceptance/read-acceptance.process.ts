import { subjectsOf } from '../../filter/run/decision.repository.ts';
import type { Acceptance } from '../../kernel/acceptance.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { listReviewed } from '../events/review.repository.ts';
import { verdictOf } from '../events/verdict.ts';
import { acceptanceOf, Inspection } from './acceptance.ts';

/** The parts of a workspace that it reads. */
type Reviewed = Pick<Workspace, 'scope'> & { readonly app: Pick<Workspace['app'], 'db' | 'config'> };

export async function readAcceptance({ app: { db, config }, scope }: Reviewed): Promise<Acceptance> {
  const { secondPass, acceptance } = config.review;
  const wnids = await subjectsOf(db, scope);
  const inspection = new Inspection();
  const filter = { wnids, secondPass, reviewers: 1 };
  for await (const { events, chance, isListed, isControl } of listReviewed(db, scope.collectionId, filter))
    if (!isControl) inspection.add({ ...verdictOf(events), chance, isListed });
  return acceptanceOf(inspection, acceptance);
}
