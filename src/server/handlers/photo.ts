import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { thumbnailOf } from '../../app/photos/thumbnails.ts';
import { LOST_BYTES_CURE, LostBytes, type OpenBlob } from '../../kernel/blobs.ts';
import { messageOf } from '../../kernel/errors.ts';
import { isSha256, type Sha256 } from '../../kernel/ids.ts';
import type { App } from '../../app/open/app.ts';
import { photoFormat } from '../../photo/photo.repository.ts';
import type { Logger } from '../../platform/log/logger.ts';
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
  const blob = isHead ? await measured(sha256, app) : await opened(sha256, app);
  if (blob === null) return reply.callNotFound();
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
 * A photo whose first bytes are there to be sent: a small one has been hashed as a whole by then. Null if its bytes are
 * gone (pruned, or taken down a moment ago) or cannot be read: where they would be is nobody's business.
 *
 * @throws LostBytes if they are known to be wrong
 */
async function opened(sha256: Sha256, { blobs, log }: PhotoDeps): Promise<OpenBlob | null> {
  const blob = await orNull(blobs.open(sha256), { sha256, log });
  if (blob === null) return null;
  blob.stream.on('error', (error) => {
    const cure = error instanceof LostBytes ? `; ${LOST_BYTES_CURE}` : '';
    log.error({ sha256, reason: messageOf(error) }, `a photo was not sent to its end${cure}`);
  });
  await once(blob.stream, 'readable');
  return blob;
}

/** For HEAD: nothing is read. */
async function measured(sha256: Sha256, { blobs, log }: PhotoDeps): Promise<OpenBlob | null> {
  const bytes = await orNull(blobs.sizeOf(sha256), { sha256, log });
  return bytes === null ? null : { bytes, stream: Readable.from([]) };
}

async function orNull<T>(
  value: Promise<T>,
  { sha256, log }: { readonly sha256: Sha256; readonly log: Logger },
): Promise<T | null> {
  try {
    return await value;
  } catch (error) {
    if (!(error instanceof LostBytes)) throw error;
    log.warn({ sha256, reason: error.message }, `the bytes of a photo are lost; ${LOST_BYTES_CURE}`);
    return null;
  }
}

function busy(reply: FastifyReply, idleTimeoutMs: number): FastifyReply {
  return reply
    .code(503)
    .header('retry-after', Math.ceil(idleTimeoutMs / 1_000))
    .send({ error: 'Too many photos are being sent; ask again later' });
}
