import { readPhotos, viewOf } from '../../../app/review/desk.ts';
import { preparePreviews } from '../../../app/review/previews.ts';
import type { LeaseAnswer } from '../../../review/desk.ts';
import { takePhotos } from '../../../review/take-photos.process.ts';
import type { Site } from '../../dashboard.ts';
import { namedDesk } from '../../desk-of.ts';
import { bodyOf, leaseBody } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';

/** Takes the next photos for one tab. */
export async function lease(exchange: Exchange, site: Site): Promise<LeaseAnswer> {
  const { reviewer, ...wanted } = bodyOf(leaseBody, exchange);
  const desk = await namedDesk(exchange, site, reviewer);
  const { leaseMs } = desk.workspace.app.config.review;
  const { photos, open, lost } = await takePhotos(site.app.db, viewOf(desk), { ...wanted, leaseMs });
  const hashes = photos.map(({ sha256 }) => sha256);
  void preparePreviews(site.app, hashes, site.signal);
  return { photos: await readPhotos(desk, photos), open, lost };
}
