import { readPhotos } from '../../../app/review/desk.ts';
import type { PhotoRows } from '../../../review/desk.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import { bodyOf, rowsBody } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';

/** Sends some photos of the index. */
export async function sendRows(exchange: Exchange, site: Site): Promise<PhotoRows> {
  const { subjects } = bodyOf(rowsBody, exchange);
  return { photos: await readPhotos(await deskOf(exchange, site), subjects) };
}
