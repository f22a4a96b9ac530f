import { decidedClasses } from '../../filter/run/decision.repository.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { listReviewed } from '../events/review.repository.ts';
import { verdictOf } from '../events/verdict.ts';
import { People, type ReviewerLine } from './people.ts';

export async function readPeople({ app, scope }: Pick<Workspace, 'app' | 'scope'>): Promise<ReviewerLine[]> {
  const wnids = await decidedClasses(app.db, scope);
  const people = new People();
  for await (const { events, isControl } of listReviewed(app.db, scope.collectionId, { wnids }))
    people.add({ reviews: isControl ? [] : verdictOf(events).reviews, events });
  return people.lines();
}
