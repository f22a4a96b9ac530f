import { MEDIA_TYPES } from '../assets.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** Sends a script or style. They hold no secret, and the page to log in needs them. */
export async function sendAsset({ request, reply }: Exchange, { assets }: Site): Promise<unknown> {
  const name = paramOf(request, 'name');
  const [bytes, mediaType] = [assets.get(name), MEDIA_TYPES[name.replace(/^.*\./, '')]];
  if (bytes === undefined || mediaType === undefined) return reply.callNotFound();
  return reply.type(mediaType).header('cache-control', 'no-cache').send(bytes);
}
