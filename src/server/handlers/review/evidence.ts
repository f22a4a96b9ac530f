import { evidenceShown } from '../../../app/review/evidence.ts';
import { isSha256 } from '../../../kernel/ids.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import { paramOf, type Exchange } from '../../route.ts';

/** Sends what is shown beside a photo. */
export async function sendEvidence(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const [wnid, sha256] = [paramOf(request, 'wnid'), paramOf(request, 'sha256')];
  if (!isSha256(sha256)) return reply.callNotFound();
  return (await evidenceShown(await deskOf(exchange, site), { sha256, wnid })) ?? reply.callNotFound();
}
