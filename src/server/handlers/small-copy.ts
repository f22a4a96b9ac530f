import type { App } from '../../app/open/app.ts';
import { isSha256, type Sha256 } from '../../kernel/ids.ts';
import { photoFacts } from '../../photo/photo.repository.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** The bytes of a picture under its hash never change. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** Sends a small WebP of a photo that the catalogue has: neither of a picture that was taken down nor of one that lost its bytes. */
export async function sendSmallCopy(
  { request, reply }: Exchange,
  { app, signal }: Site,
  copyOf: (app: App, sha256: Sha256, signal: AbortSignal) => Promise<Buffer | null>,
): Promise<unknown> {
  const sha256 = paramOf(request, 'sha256');
  if (!isSha256(sha256) || (await photoFacts(app.db, sha256)) === undefined) return reply.callNotFound();
  const webp = await copyOf(app, sha256, signal);
  if (webp === null) return reply.callNotFound();
  return reply.header('content-type', 'image/webp').header('cache-control', FOR_EVER).send(webp);
}
