import { examplesOf, failedExamplesOf } from '../../funnel/overview.repository.ts';
import { isCandidateReason, isFailedDecision } from '../../kernel/reasons.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

const EXAMPLES_SHOWN = 5;

/** Sends some photos of a collection that were dropped or failed for a reason. */
export async function sendExamples({ request, reply }: Exchange, { collections }: Site): Promise<unknown> {
  const { app, scope } = (await collections.open(paramOf(request, 'collection'))).workspace;
  const reason = paramOf(request, 'reason');
  const asked = { reason, limit: EXAMPLES_SHOWN };
  if (isCandidateReason(reason)) return examplesOf(app.db, scope, asked);
  if (isFailedDecision(reason)) return failedExamplesOf(app.db, scope, asked);
  return reply.callNotFound();
}
