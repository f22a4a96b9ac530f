import { recorded } from '../../app/activity/activity.repository.ts';
import { RETRIABLE_REASONS, retryFailures } from '../../app/upkeep/retry-failures.ts';
import { actorOf } from '../actor.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** Tries again, in every collection, what failed for a reason. */
export async function retry(exchange: Exchange, { longApp }: Site): Promise<unknown> {
  const reason = paramOf(exchange.request, 'reason');
  if (!RETRIABLE_REASONS.includes(reason)) return exchange.reply.callNotFound();
  const reasons = [reason];
  const retried = await recorded(
    longApp.db,
    { ...actorOf(exchange), action: 'retry', detail: { reasons }, resultOf: (result) => result },
    () => retryFailures(longApp, { reasons }),
  );
  longApp.log.info({ reason, ...retried }, 'what failed was given another try, from the dashboard');
  return retried;
}
