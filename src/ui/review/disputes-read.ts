import type { ReviewFilter, ReviewPhoto } from '../../review/desk.ts';
import type { Subject } from '../../review/event.ts';
import type { ReviewSession } from './session.ts';
import { subjectKey } from './shelf.ts';

/** So many people are asked about a photo. If they leave it unsure, somebody must settle it. */
const OPINIONS = 3;

/**
 * The photos that somebody must settle, put on the session's shelf: those on which two people disagree, then those that three
 * people leave unsure.
 *
 * @param wnid only photos of this class; undefined: of all classes
 * @throws ApiError
 */
export async function readDisputes(session: ReviewSession, wnid: string | undefined): Promise<readonly Subject[]> {
  const disputed = await readAll(session, { wnid, state: 'disputed' });
  const unsure = await readAll(session, { wnid, state: 'unsure' });
  return [...disputed, ...unsure.filter(isLeftUnsure)].map(({ sha256, wnid: of }) => ({ sha256, wnid: of }));
}

async function readAll(session: ReviewSession, filter: ReviewFilter): Promise<readonly ReviewPhoto[]> {
  const { wnids, photos } = await session.api.index(filter, session.setup.orders[0] ?? 'lowest');
  const subjects = photos.map(([sha256, position]): Subject => ({ sha256, wnid: wnids[position] ?? '' }));
  await session.load(subjects);
  return session.shelf.at(subjects.map(subjectKey));
}

/** Whether nobody else will be asked about a photo that is unsure, and nobody has settled it. */
export function isLeftUnsure(photo: Pick<ReviewPhoto, 'isSettled' | 'mine' | 'others'>): boolean {
  return !photo.isSettled && opinionsOf(photo).length >= OPINIONS;
}

/** What one person says of a photo. */
export type ShownOpinion = ReviewPhoto['others'][number];

/** The opinions of everybody who has judged the photo; this reviewer's own has an empty name and stands first. */
export function opinionsOf({ mine, others }: Pick<ReviewPhoto, 'mine' | 'others'>): readonly ShownOpinion[] {
  return [{ ...mine, reviewer: '' }, ...others].filter(({ verdict }) => verdict !== null);
}
