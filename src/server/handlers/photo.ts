import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { thumbnailOf } from '../../app/photos/thumbnails.ts';
import { LOST_BYTES_CURE, LostBytes, type OpenBlob } from '../../kernel/blobs.ts';
import { messageOf } from '../../kernel/errors.ts';
import { isSha256, type Sha256 } from '../../kernel/ids.ts';
import type { App } from '../../app/open/app.ts';
import { photoFormat } from '../../photo/photo.repository.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** What inspection lets in, and nothing else: neither HTML nor SVG is ever sent, whatever a file was called. */
const MEDIA_TYPES: Readonly<Record<string, string>> = { jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };

/**
 * The bytes of a photo, as a picture and nothing else: came from strangers, and opened by itself it still may run nothing.
 * They are streamed and hashed on the way: of wrong bytes the client never gets the last ones.
 */
export async function sendPhoto({ request, reply }: Exchange, { app, takePhotoPlace }: Site): Promise<unknown> {
  const { photoIdleTimeoutMs } = app.config.server;
  const sha256 = paramOf(request, 'sha256');
  const format = isSha256(sha256) ? await photoFormat(app.db, sha256) : null;
  const mediaType = MEDIA_TYPES[format ?? ''];
  if (!isSha256(sha256) || mediaType === undefined) return reply.callNotFound();
  const isHead = request.method === 'HEAD';
  if (!isHead && !(await takePhotoPlace(reply.raw))) return busy(reply, photoIdleTimeoutMs);
  const blob = await blobOf(sha256, isHead, app);
  if (blob === null) return reply.callNotFound();
  if (!isHead) await firstBytes(sha256, blob, app);
  // Node looks whether any bytes have left for the client: a slow one is not cut off.
  if (!isHead) reply.raw.setTimeout(photoIdleTimeoutMs, () => reply.raw.destroy());
  return reply
    .header('content-type', mediaType)
    .header('content-length', blob.bytes)
    .header('content-disposition', 'inline')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('cache-control', 'private, max-age=3600')
    .send(blob.stream);
}

/** A small JPEG of a photo. */
export async function sendThumbnail({ request, reply }: Exchange, { app, signal }: Site): Promise<unknown> {
  const sha256 = paramOf(request, 'sha256');
  if (!isSha256(sha256) || (await photoFormat(app.db, sha256)) === null) return reply.callNotFound();
  const jpeg = await thumbnailOf(app, sha256, signal);
  if (jpeg === null) return reply.callNotFound();
  return reply.header('content-type', 'image/jpeg').header('cache-control', 'private, max-age=3600').send(jpeg);
}

type PhotoDeps = Pick<App, 'blobs' | 'log'>;

/**
 * A photo's bytes; for HEAD nothing is read. Null if they are gone (pruned, or taken down a moment ago) or cannot be read:
 * where they would be is nobody's business.
 */
async function blobOf(sha256: Sha256, isHead: boolean, { blobs, log }: PhotoDeps): Promise<OpenBlob | null> {
  try {
    if (!isHead) return await blobs.open(sha256);
    const bytes = await blobs.sizeOf(sha256);
    return bytes === null ? null : { bytes, stream: Readable.from([]) };
  } catch (error) {
    if (!(error instanceof LostBytes)) throw error;
    log.warn({ sha256, reason: error.message }, `the bytes of a photo are lost; ${LOST_BYTES_CURE}`);
    return null;
  }
}

/**
 * Waits until the first bytes are there to be sent: a small photo has been hashed as a whole by then.
 *
 * @throws LostBytes if they are known to be wrong
 */
async function firstBytes(sha256: Sha256, { stream }: OpenBlob, { log }: PhotoDeps): Promise<void> {
  stream.on('error', (error) => {
    const cure = error instanceof LostBytes ? `; ${LOST_BYTES_CURE}` : '';
    log.error({ sha256, reason: messageOf(error) }, `a photo was not sent to its end${cure}`);
  });
  await once(stream, 'readable');
}

function busy(reply: FastifyReply, idleTimeoutMs: number): FastifyReply {
  return reply
    .code(503)
    .header('retry-after', Math.ceil(idleTimeoutMs / 1_000))
    .send({ error: 'Too many photos are being sent; ask again later' });
}
