import path from 'node:path';
import { examplesOf, failedExamplesOf, type ReasonExample } from '../../funnel/overview.repository.ts';
import { isCandidateReason, isFailedDecision } from '../../kernel/reasons.ts';
import { pathOfFileUrl } from '../../source/folder/byte-path.ts';
import { mayAct } from '../access.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';
import { withoutFolders } from '../without-folders.ts';

const EXAMPLES_SHOWN = 5;

/** Sends some photos of a collection that were dropped or failed for a reason. Operators see the paths of files. */
export async function sendExamples({ request, reply, role }: Exchange, { collections }: Site): Promise<unknown> {
  const { app, scope } = (await collections.open(paramOf(request, 'collection'))).workspace;
  const reason = paramOf(request, 'reason');
  const asked = { reason, limit: EXAMPLES_SHOWN };
  const shown = role !== null && mayAct(role, 'operator') ? (example: ReasonExample) => example : withoutPath;
  if (isCandidateReason(reason)) return (await examplesOf(app.db, scope, asked)).map(shown);
  if (isFailedDecision(reason)) return (await failedExamplesOf(app.db, scope, asked)).map(shown);
  return reply.callNotFound();
}

/** Folders with spaces in their names are found in the detail by the address of the file. */
function withoutPath({ url, detail, ...example }: ReasonExample): ReasonExample {
  const folder = example.source === 'folder' ? `${path.dirname(pathOfFileUrl(url).toString())}/` : '';
  const said = folder.length > 1 ? (detail?.replaceAll(folder, '') ?? null) : detail;
  return { ...example, url: withoutFolders(url), detail: said === null ? null : withoutFolders(said) };
}
