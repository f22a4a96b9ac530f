import type { ReviewFilter, ReviewPhoto } from '../../review/desk.ts';
import type { Subject } from '../../review/event.ts';
import type { ReviewSession } from './session.ts';

/** The server's limit for one request. */
const ROWS_A_REQUEST = 200;
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
  const photos = [...disputed, ...unsure.filter(isLeftUnsure)];
  session.put(photos);
  return photos.map(({ sha256, wnid: of }) => ({ sha256, wnid: of }));
}

async function readAll({ api, setup }: ReviewSession, filter: ReviewFilter): Promise<ReviewPhoto[]> {
  const { wnids, photos } = await api.index(filter, setup.orders[0] ?? 'lowest');
  const subjects = photos.map(([sha256, position]): Subject => ({ sha256, wnid: wnids[position] ?? '' }));
  const rows: ReviewPhoto[] = [];
  for (let i = 0; i < subjects.length; i += ROWS_A_REQUEST)
    rows.push(...(await api.rows(subjects.slice(i, i + ROWS_A_REQUEST))).photos);
  return rows;
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
