import { referencePicture } from '../../../app/review/references.ts';
import type { Site } from '../../dashboard.ts';
import { paramOf, type Exchange } from '../../route.ts';

/** Sends a picture that surely shows a class. */
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
