import * as z from 'zod';
import { verifyRevision } from '../../../app/export/verify-revision.ts';
import { shortId } from '../../../export/revision-id.ts';
import { pathOf } from '../../../ui/shared/frame.tsx';
import type { Site } from '../../dashboard.ts';
import { parseRequest } from '../../review-requests.ts';
import { revisionInPath } from '../../revision-in-path.ts';
import { wantsPage, type Exchange } from '../../route.ts';

/** For how many photos the rule is recomputed with the models. */
const verifyBody = z.strictObject({ sample: z.enum(['all', '100', '0']) });

/** An operator starts `winnow verify` on the folder of a revision. The page shows how it goes. */
export async function verifyOnServer(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const { sample } = parseRequest(verifyBody, request.body);
  const { workspace, longWorkspace, revision } = await revisionInPath(exchange, site);
  const { app, nowMs, longWork } = site;
  const short = shortId(revision.id);
  const isStarted = longWork.start(
    revision.id,
    (signal, onProgress) =>
      verifyRevision(longWorkspace, revision, {
        sample: sample === 'all' ? null : Number(sample),
        nowMs,
        signal,
        onProgress,
      }),
    (reason) => app.log.error({ revision: short, reason }, 'a revision could not be verified'),
  );
  if (isStarted) app.log.info({ revision: short, sample }, 'a verification was started from the page of revisions');
  if (wantsPage(request)) return reply.redirect(`${pathOf(workspace.collection.name)}revisions#r-${short}`, 303);
  if (isStarted) return reply.code(202).send({ revision: revision.id });
  return reply.code(409).send({ error: 'Another verification runs on this server; ask again when it has ended' });
}
