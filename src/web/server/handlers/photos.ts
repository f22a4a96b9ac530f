import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { App } from '../../../core/runtime/open/app.process.ts';
import { previewOf, thumbnailOf } from '../../../core/photo/thumbnails.process.ts';
import { LOST_BYTES_CURE, LostBytes, type OpenBlob } from '../../../core/kernel/blobs.ts';
import { messageOf, Interrupted, RetryLater, codeOf } from '../../../core/kernel/errors.ts';
import { isSha256, type Sha256 } from '../../../core/kernel/ids.ts';
import { photoFacts } from '../../../core/photo/photo.repository.ts';
import type { Site } from '../dashboard.ts';
import { askerOf, paramOf, type Exchange } from '../route.ts';
import { NO_HEATMAP } from '../../../core/review/heatmap/compute-heatmaps.process.ts';
import { evidenceShown } from '../../status/photo-evidence.process.ts';
import { heatmapOf } from '../../../core/review/heatmap/heatmaps.process.ts';
import { referencePicture } from '../../../core/review/classes/references.process.ts';
import { deskOf, requireKnown } from '../desk-of.ts';

/** The formats that inspection accepts. So neither HTML nor SVG is ever sent, whatever a file was called. */
const MEDIA_TYPES: Readonly<Record<string, string>> = { jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };

/**
 * Streams the bytes of a photo. They came from strangers, so the browser may show them as a picture and run nothing. They are
 * hashed on the way: the last of wrong bytes is never sent.
 */
export async function sendPhoto({ request, reply }: Exchange, { app, takePhotoPlace }: Site): Promise<unknown> {
  const { photoIdleTimeoutMs } = app.config.server;
  const sha256 = paramOf(request, 'sha256');
  const format = isSha256(sha256) ? (await photoFacts(app.db, sha256))?.format : undefined;
  const mediaType = MEDIA_TYPES[format ?? ''];
  if (!isSha256(sha256) || mediaType === undefined) return reply.callNotFound();
  const isHead = request.method === 'HEAD';
  if (!isHead && !(await takePhotoPlace(reply.raw))) return busy(reply, photoIdleTimeoutMs);
  const blob = await blobOf(sha256, isHead, app);
  if (blob === null) return reply.callNotFound();
  if (!isHead) await firstBytes(sha256, blob, app);
  // Node restarts this time with each byte that leaves, so a slow client is not cut off.
  if (!isHead) reply.raw.setTimeout(photoIdleTimeoutMs, () => reply.raw.destroy());
  return reply
    .header('content-type', mediaType)
    .header('content-length', blob.bytes)
    .header('content-disposition', 'inline')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('cache-control', 'private, max-age=3600')
    .send(blob.stream);
}

type PhotoDeps = Pick<App, 'blobs' | 'log'>;

/** For HEAD nothing is read. Null if the bytes are gone (pruned, or taken down a moment ago) or cannot be read. */
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

/** By then a small photo has been hashed as a whole. @throws LostBytes if the bytes are wrong */
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

/** The bytes of a picture under its hash never change. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** Sends a small WebP of a photo that the catalogue has: neither of a picture that was taken down nor of one that lost its bytes. */
async function sendSmallCopy(
  exchange: Exchange,
  { app, signal }: Site,
  copyOf: (app: App, sha256: Sha256, signal: AbortSignal) => Promise<Buffer | null>,
): Promise<unknown> {
  const { request, reply } = exchange;
  const asker = askerOf(exchange);
  const sha256 = paramOf(request, 'sha256');
  if (!isSha256(sha256) || (await photoFacts(app.db, sha256)) === undefined || asker.signal.aborted)
    return reply.callNotFound();
  const webp = await copyOf(app, sha256, signal);
  if (webp === null) return reply.callNotFound();
  return reply.header('content-type', 'image/webp').header('cache-control', FOR_EVER).send(webp);
}

export function sendThumbnail(exchange: Exchange, site: Site): Promise<unknown> {
  return sendSmallCopy(exchange, site, thumbnailOf);
}

export function sendPreview(exchange: Exchange, site: Site): Promise<unknown> {
  return sendSmallCopy(exchange, site, previewOf);
}

export async function sendEvidence(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const [wnid, sha256] = [paramOf(request, 'wnid'), paramOf(request, 'sha256')];
  if (!isSha256(sha256)) return reply.callNotFound();
  const desk = await deskOf(exchange, site);
  const key = JSON.stringify([desk.workspace.scope.collectionId, desk.reviewer, sha256, wnid]);
  const read = (): ReturnType<typeof evidenceShown> => evidenceShown(desk, { sha256, wnid });
  return (await site.readEvidence(key, read, askerOf(exchange))) ?? reply.callNotFound();
}

const NOT_FOUND = new Set([NO_HEATMAP, 'unknown-model', 'model-missing', 'head-missing']);
const RETRY_AFTER_SECONDS = 5;

export async function sendHeatmap(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const { collections, signal } = site;
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  const [model, wnid, sha256] = [paramOf(request, 'model'), paramOf(request, 'wnid'), paramOf(request, 'sha256')];
  if (!isSha256(sha256)) return reply.callNotFound();
  await requireKnown(exchange, site, sha256);
  try {
    return await heatmapOf(workspace, { model, wnid, sha256 }, AbortSignal.any([signal, askerOf(exchange).signal]));
  } catch (error) {
    if (NOT_FOUND.has(codeOf(error) ?? '')) return reply.code(404).send({ error: messageOf(error) });
    if (!(error instanceof RetryLater || error instanceof Interrupted)) throw error;
    return reply
      .code(503)
      .header('retry-after', RETRY_AFTER_SECONDS)
      .send({ error: messageOf(error) });
  }
}

export async function sendClassReference({ request, reply }: Exchange, { app, collections }: Site): Promise<unknown> {
  await collections.open(paramOf(request, 'collection'));
  const [wnid, id] = [paramOf(request, 'wnid'), paramOf(request, 'id')];
  const webp = /^\d{1,15}$/.test(id) ? await referencePicture(app, { wnid, id: Number(id) }) : null;
  if (webp === null) return reply.callNotFound();
  return reply
    .header('content-type', 'image/webp')
    .header('content-disposition', 'inline')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('cache-control', 'private, max-age=3600')
    .send(webp);
}
