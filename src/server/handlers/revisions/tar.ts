import { once } from 'node:events';
import { Readable } from 'node:stream';
import { revisionPhotos, type Revision } from '../../../export/revision.repository.ts';
import { shortId } from '../../../export/revision-id.ts';
import { revisionTar } from '../../../export/revision-tar.process.ts';
import { messageOf } from '../../../kernel/errors.ts';
import type { Site } from '../../dashboard.ts';
import { revisionInPath } from '../../revision-in-path.ts';
import { BadRequest } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';

/** Streams the folder of a revision as one tar archive. One with a photo that was taken down since is not sent. */
export async function sendRevisionTar(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const { workspace, revision } = await revisionInPath(exchange, site);
  const short = shortId(revision.id);
  const photos = await revisionPhotos(site.app.db, workspace.scope, 0);
  if ((photos.find(({ id }) => id === revision.id)?.takenDown ?? 0) > 0)
    throw new BadRequest(
      `Revision ${short} has photos that were taken down since. Export again: the next revision leaves them out.`,
      410,
    );
  const name = `${workspace.collection.name}-${short}`;
  const tar = request.method === 'HEAD' ? Readable.from([]) : await startTar(exchange, site, { revision, name });
  return reply
    .header('content-type', 'application/x-tar')
    .header('content-disposition', `attachment; filename="${name}.tar"`)
    .send(tar);
}

/** @throws BadRequest 503 if too many are being sent; GiveUpOnItem if the first file cannot be read */
async function startTar(
  { reply }: Exchange,
  { app, takeTarPlace }: Site,
  { revision, name }: { readonly revision: Revision; readonly name: string },
): Promise<Readable> {
  if (!(await takeTarPlace(reply.raw))) throw new BadRequest('Too many revisions are being sent; ask again later', 503);
  const tar = revisionTar(revision.path, name);
  tar.on('error', (error) =>
    app.log.error({ archive: name, reason: messageOf(error) }, 'a revision was not sent to its end'),
  );
  await once(tar, 'readable');
  // Node restarts this time with each byte that leaves, so a slow client is not cut off.
  reply.raw.setTimeout(app.config.server.photoIdleTimeoutMs, () => reply.raw.destroy());
  return tar;
}
