import { thumbnailOf } from '../../app/photos/thumbnails.ts';
import { isSha256 } from '../../kernel/ids.ts';
import { photoFacts } from '../../photo/photo.repository.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** Sends a small JPEG of a photo. */
export async function sendThumbnail({ request, reply }: Exchange, { app, signal }: Site): Promise<unknown> {
  const sha256 = paramOf(request, 'sha256');
  if (!isSha256(sha256) || (await photoFacts(app.db, sha256)) === undefined) return reply.callNotFound();
  const jpeg = await thumbnailOf(app, sha256, signal);
  if (jpeg === null) return reply.callNotFound();
  return reply.header('content-type', 'image/jpeg').header('cache-control', 'private, max-age=3600').send(jpeg);
}
