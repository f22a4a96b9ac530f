import { RETRIABLE_REASONS, retryFailures } from '../../app/upkeep/retry-failures.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** Tries again, in every collection, what failed for a reason. */
export async function retry({ request, reply }: Exchange, { longApp }: Site): Promise<unknown> {
  const reason = paramOf(request, 'reason');
  if (!RETRIABLE_REASONS.includes(reason)) return reply.callNotFound();
  const retried = await retryFailures(longApp, { reasons: [reason] });
  longApp.log.info({ reason, ...retried }, 'what failed was given another try, from the dashboard');
  return retried;
}
