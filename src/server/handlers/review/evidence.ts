import { evidenceShown } from '../../../app/review/evidence.ts';
import { isSha256 } from '../../../kernel/ids.ts';
import type { Site } from '../../dashboard.ts';
import { paramOf, type Exchange } from '../../route.ts';

/** Sends what is shown beside a photo. */
export async function sendEvidence({ request, reply }: Exchange, { collections }: Site): Promise<unknown> {
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  const [wnid, sha256] = [paramOf(request, 'wnid'), paramOf(request, 'sha256')];
  if (!isSha256(sha256)) return reply.callNotFound();
  const shown = await evidenceShown(workspace, { sha256, wnid }, { reviewer: null, isBlind: true });
  return shown ?? reply.callNotFound();
}
