import type { ReviewFilter, ReviewPhoto } from '../../review/desk/desk.ts';
import type { Subject } from '../../review/events/event.ts';
import type { ReviewSession } from './session.ts';
import { subjectKey } from './shelf.ts';

/** Opinions per photo. If all leave the photo unsure, a reviewer must settle it. */
const OPINIONS = 3;

/**
 * Loads the photos to settle into the session's shelf: first those on which two reviewers disagree, then those that three
 * reviewers leave unsure.
 *
 * @param wnid limits to one class; undefined for all classes
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

/** For an unsure photo: true if it has all its opinions and is not settled. */
export function isLeftUnsure(photo: Pick<ReviewPhoto, 'isSettled' | 'mine' | 'others'>): boolean {
  return !photo.isSettled && opinionsOf(photo).length >= OPINIONS;
}

/** One reviewer's opinion of a photo. */
export type ShownOpinion = ReviewPhoto['others'][number];

/** The opinions with a verdict. This reviewer's own is first and has an empty name. */
export function opinionsOf({ mine, others }: Pick<ReviewPhoto, 'mine' | 'others'>): readonly ShownOpinion[] {
  return [{ ...mine, reviewer: '' }, ...others].filter(({ verdict }) => verdict !== null);
}
