import * as z from 'zod';
import path from 'node:path';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { readRevisions, revisionOf } from '../../../core/export/revisions/revisions.process.ts';
import { requireCollection } from '../../../core/collection/collection.repository.ts';
import { openRevisionFile, stateOfFolder } from '../../../core/export/revisions/revision-file.process.ts';
import { shortId } from '../../../core/export/revisions/revision-id.ts';
import { revisionTar } from '../../../core/export/revisions/revision-tar.process.ts';
import { revisionPhotos, type Revision } from '../../../core/export/revisions/revision.repository.ts';
import { messageOf } from '../../../core/kernel/errors.ts';
import type { Site } from '../dashboard.ts';
import { requireNothingHidden } from '../desk-of.ts';
import { revisionsPage } from '../pages.tsx';
import { BadRequest, bodyOf } from '../review-requests.ts';
import { HTML, paramOf, readerProps, type Exchange } from '../route.ts';
import { beginOperation, mayOperate } from './operations.ts';
import type { Workspace } from '../../../core/models/workspace/workspace.process.ts';
import { displayPath } from '../../../core/config/root.ts';

export async function sendRevisions(exchange: Exchange, site: Site): Promise<unknown> {
  await requireNothingHidden(exchange, site);
  const collection = paramOf(exchange.request, 'collection');
  const { workspace } = await site.collections.open(collection);
  await requireCollection(site.app.db, workspace.scope.collectionId, 'its revisions are served');
  const { shown, all } = await readRevisions(workspace, site.revisionChanges);
  const page = revisionsPage(
    {
      collection,
      revisions: shown.map((one) => ({ ...one, path: folderFor(exchange.role, one.path) })),
      all,
      canVerify: mayOperate(exchange, site),
    },
    readerProps(exchange, site),
  );
  return exchange.reply.type(HTML).send(page);
}

const MEDIA_TYPES = {
  'README.md': 'text/plain; charset=utf-8',
  'protocol.json': 'application/json; charset=utf-8',
} as const;

export async function sendRevisionFile(
  exchange: Exchange,
  site: Site,
  file: keyof typeof MEDIA_TYPES,
): Promise<unknown> {
  const { revision } = await revisionInPath(exchange, site);
  const { handle, bytes } = await openRevisionFile(revision.path, file);
  return exchange.reply
    .header('content-type', MEDIA_TYPES[file])
    .header('content-length', bytes)
    .header('content-disposition', 'inline')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(handle.createReadStream());
}

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

const verifyBody = z.strictObject({ sample: z.enum(['all', '100', '0']) });

export async function verifyOnServer(exchange: Exchange, site: Site): Promise<unknown> {
  const { sample } = bodyOf(verifyBody, exchange);
  const { revision } = await revisionInPath(exchange, site);
  const flags = sample === 'all' ? [] : [`--sample=${sample}`];
  return beginOperation(exchange, site, { operation: 'verify', flags, folder: revision.path });
}

/** @throws BadRequest 403 if its verdicts are still hidden; 404 if there is none, or if its folder is gone */
async function revisionInPath(
  exchange: Exchange,
  site: Site,
): Promise<{ readonly workspace: Workspace; readonly revision: Revision }> {
  await requireNothingHidden(exchange, site);
  const { request, role } = exchange;
  const name = paramOf(request, 'collection');
  const { workspace } = await site.collections.open(name);
  const id = paramOf(request, 'id');
  const revision = await revisionOf(workspace, id);
  if (revision === null)
    throw new BadRequest(
      `The collection '${name}' has no revision '${id.slice(0, 80)}'. \`winnow export list --collection ${name}\` lists them.`,
      404,
    );
  const state = await stateOfFolder(revision);
  if (state === 'there') return { workspace, revision };
  const where = folderFor(role, displayPath(revision.path));
  const what =
    state === 'gone' ? `is not on this machine (${where})` : `is not at ${where}: something else is there by now`;
  throw new BadRequest(
    `The folder of revision ${shortId(revision.id)} ${what}. Move it back, or export the revision again into a folder that this server reaches.`,
    404,
  );
}

/** The folder of a revision as a client may know it: operators have its path, all others its last part. */
function folderFor(role: Exchange['role'], folder: string): string {
  return role === 'operator' ? folder : path.basename(folder);
}
