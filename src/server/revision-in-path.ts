import path from 'node:path';
import { revisionOf } from '../export/revisions/revisions.process.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { displayPath } from '../config/root.ts';
import { stateOfFolder } from '../export/revisions/revision-file.process.ts';
import type { Revision } from '../export/revisions/revision.repository.ts';
import { shortId } from '../export/revisions/revision-id.ts';
import { mayAct } from './access/access.ts';
import type { Site } from './dashboard.ts';
import { requireNothingHidden } from './desk-of.ts';
import { BadRequest } from './review-requests.ts';
import { paramOf, type Exchange } from './route.ts';

/**
 * The revision of the path, whose folder is there.
 *
 * @throws BadRequest 403 to a reviewer who must not know its verdicts yet; 404 if there is no such revision, or if its folder is gone
 */
export async function revisionInPath(
  exchange: Exchange,
  site: Site,
): Promise<{ readonly workspace: Workspace; readonly longWorkspace: Workspace; readonly revision: Revision }> {
  await requireNothingHidden(exchange, site);
  const { request, role } = exchange;
  const name = paramOf(request, 'collection');
  const { workspace, longWorkspace } = await site.collections.open(name);
  const id = paramOf(request, 'id');
  const revision = await revisionOf(workspace, id);
  if (revision === null)
    throw new BadRequest(
      `The collection '${name}' has no revision '${id.slice(0, 80)}'. \`winnow export list --collection ${name}\` lists them.`,
      404,
    );
  const state = await stateOfFolder(revision);
  if (state === 'there') return { workspace, longWorkspace, revision };
  const where = folderFor(role, displayPath(revision.path));
  const what = state === 'gone' ? `is not at ${where} any more` : `is not at ${where}: something else is there by now`;
  throw new BadRequest(
    `The folder of revision ${shortId(revision.id)} ${what}. Move it back, or export the revision there again.`,
    404,
  );
}

/** The folder of a revision as a client may know it: operators have its path, all others its last part. */
export function folderFor(role: Exchange['role'], folder: string): string {
  return role !== null && mayAct(role, 'operator') ? folder : path.basename(folder);
}
