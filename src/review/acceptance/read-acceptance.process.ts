import type { Kysely } from 'kysely';
import { subjectsOf } from '../../filter/run/decision.repository.ts';
import type { Acceptance } from '../../kernel/acceptance.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { listReviewed } from '../events/review.repository.ts';
import { opinionsWanted, verdictOf } from '../events/verdict.ts';
import { acceptanceOf, type FirstAccepted, type InspectedPhoto } from './acceptance.ts';

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
  const inspected: InspectedPhoto[] = [];
  let photos = 0;
  for await (const photo of listReviewed(db, scope.collectionId, { wnids, secondPass })) {
    const verdict = verdictOf(photo.events);
    const [first, second] = [1, 2].map((pass) => verdict.reviews.find((review) => review.pass === pass)?.blindVerdict);
    if (first !== 'accept') continue;
    photos += 1;
    if (second == null || photo.chance === null) continue;
    const isOpen = verdict.state === 'disputed' || opinionsWanted(verdict) > verdict.reviews.length;
    inspected.push({ isWrong: isOpen ? null : verdict.state !== 'accepted', chance: photo.chance });
  }
  return { photos, inspected };
}
