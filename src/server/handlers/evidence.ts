import { NO_HEATMAP } from '../../review/heatmap/compute-heatmaps.process.ts';
import { evidenceShown } from '../../status/photo-evidence.process.ts';
import { heatmapOf } from '../../review/heatmap/heatmaps.process.ts';
import { referencePicture } from '../../review/classes/references.process.ts';
import { Interrupted, RetryLater, codeOf, messageOf } from '../../kernel/errors.ts';
import { isSha256 } from '../../kernel/ids.ts';
import type { Site } from '../dashboard.ts';
import { deskOf } from '../desk-of.ts';
import { paramOf, type Exchange } from '../route.ts';

export async function sendEvidence(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const [wnid, sha256] = [paramOf(request, 'wnid'), paramOf(request, 'sha256')];
  if (!isSha256(sha256)) return reply.callNotFound();
  return (await evidenceShown(await deskOf(exchange, site), { sha256, wnid })) ?? reply.callNotFound();
}

const NOT_FOUND = new Set([NO_HEATMAP, 'unknown-model', 'model-missing', 'head-missing']);
const RETRY_AFTER_SECONDS = 5;

export async function sendHeatmap({ request, reply }: Exchange, { collections, signal }: Site): Promise<unknown> {
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  const [model, wnid, sha256] = [paramOf(request, 'model'), paramOf(request, 'wnid'), paramOf(request, 'sha256')];
  if (!isSha256(sha256)) return reply.callNotFound();
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  try {
    return await heatmapOf(workspace, { model, wnid, sha256 }, AbortSignal.any([signal, gone.signal]));
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
