import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** A script or style of the pages. No secret is in them, and the page to log in needs them. */
export async function sendAsset({ request, reply }: Exchange, { assets }: Site): Promise<unknown> {
  const asset = assets.get(paramOf(request, 'name'));
  if (asset === undefined) return reply.callNotFound();
  return reply.header('content-type', asset.mediaType).header('cache-control', 'no-cache').send(asset.bytes);
}
