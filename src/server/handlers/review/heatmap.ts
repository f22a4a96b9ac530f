import { NO_HEATMAP } from '../../../app/review/compute-heatmaps.ts';
import { heatmapOf } from '../../../app/review/heatmap.ts';
import { codeOf, Interrupted, messageOf, RetryLater } from '../../../kernel/errors.ts';
import { isSha256 } from '../../../kernel/ids.ts';
import type { Site } from '../../dashboard.ts';
import { paramOf, type Exchange } from '../../route.ts';

/** Codes of errors that mean that there is no such model, class or photo here. */
const NOT_FOUND = new Set([NO_HEATMAP, 'unknown-model', 'model-missing', 'head-missing']);
const RETRY_AFTER_SECONDS = 5;

/** Sends where on the centre crop of a photo a model sees a class. */
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
