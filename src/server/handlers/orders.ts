import * as z from 'zod';
import { RETRIABLE_REASONS, retryFailures } from '../../app/upkeep/retry-failures.ts';
import { endPauses, pauseStages, readPauses, type PauseScope } from '../../collection/pause.repository.ts';
import { listText, PAUSABLE_STAGES } from '../../collection/pause.ts';
import { quote } from '../../config/quote.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

const unpauseBody = z.strictObject({
  stages: z.array(z.enum(PAUSABLE_STAGES)).min(1),
  everyCollection: z.boolean(),
});
const pauseBody = unpauseBody.extend({ endWorkers: z.boolean() });

/** An operator pauses stages of a collection, or of every one. */
export async function pause(exchange: Exchange, { app, collections }: Site): Promise<unknown> {
  const { request, role } = exchange;
  const { collectionId } = (await collections.open(paramOf(request, 'collection'))).workspace.scope;
  const order = pauseBody.safeParse(request.body).data;
  if (order === undefined) return refuseOrder(exchange, pauseBody);
  const { endWorkers } = order;
  await pauseStages(app.db, { ...scopeOf(order, collectionId), by: role ?? 'operator', endWorkers });
  app.log.info({ ...order }, 'paused from the dashboard');
  return { pauses: await readPauses(app.db, collectionId) };
}

/** An operator ends a pause. */
export async function unpause(exchange: Exchange, { app, collections }: Site): Promise<unknown> {
  const { request } = exchange;
  const { collectionId } = (await collections.open(paramOf(request, 'collection'))).workspace.scope;
  const order = unpauseBody.safeParse(request.body).data;
  if (order === undefined) return refuseOrder(exchange, unpauseBody);
  const ended = await endPauses(app.db, scopeOf(order, collectionId));
  app.log.info({ ...order, ended }, 'a pause was ended from the dashboard');
  return { ended, pauses: await readPauses(app.db, collectionId) };
}

function scopeOf(order: z.infer<typeof unpauseBody>, collectionId: number): PauseScope {
  return {
    stages: PAUSABLE_STAGES.filter((stage) => order.stages.includes(stage)),
    collectionId: order.everyCollection ? null : collectionId,
  };
}

function refuseOrder({ request, reply }: Exchange, { shape }: { readonly shape: object }): unknown {
  const error = `Expected JSON with ${listText(Object.keys(shape))} (stages: some of ${PAUSABLE_STAGES.join(', ')}) but received ${quote(request.body)}`;
  return reply.code(400).send({ error });
}

/** Gives what failed for a reason another try, in every collection. */
export async function retry({ request, reply }: Exchange, { app }: Site): Promise<unknown> {
  const reason = paramOf(request, 'reason');
  if (!RETRIABLE_REASONS.includes(reason)) return reply.callNotFound();
  const retried = await retryFailures(app, { reasons: [reason] });
  app.log.info({ reason, ...retried }, 'what failed was given another try, from the dashboard');
  return retried;
}
