import { subjectsOf } from '../../decision/decision.repository.ts';
import type { DrawnPhoto, FirstAccepted } from '../../report/label-noise.ts';
import { listReviewed } from '../../review/review.repository.ts';
import { toVerdictLine } from '../../review/verdict-line.ts';
import type { Workspace } from '../open/workspace.ts';

/** The photos whose first blind verdict is accept, and those of them that the second pass drew and finished. */
export async function readFirstAccepted({ app, scope }: Workspace): Promise<FirstAccepted> {
  const { secondPass } = app.config.review;
  const wnids = await subjectsOf(app.db, scope);
  const drawn: DrawnPhoto[] = [];
  let photos = 0;
  for await (const photo of listReviewed(app.db, scope.collectionId, { wnids, secondPass })) {
    const { reviews } = toVerdictLine(photo);
    const [first, second] = [1, 2].map((pass) => reviews.find((review) => review.pass === pass)?.blindVerdict ?? null);
    if (first !== 'accept') continue;
    photos += 1;
    if (second != null && photo.chance !== null) drawn.push({ second, chance: photo.chance });
  }
  return { photos, drawn };
}
