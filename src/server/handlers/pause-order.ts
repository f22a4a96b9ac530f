import * as z from 'zod';
import type { PauseScope } from '../../collection/pause.repository.ts';
import { listText, PAUSABLE_STAGES } from '../../collection/pause.ts';
import { quote } from '../../config/quote.ts';
import type { Exchange } from '../route.ts';

/** What an operator sends to end a pause. */
export const unpauseBody = z.strictObject({
  stages: z.array(z.enum(PAUSABLE_STAGES)).min(1),
  everyCollection: z.boolean(),
});
/** What an operator sends to pause stages. */
export const pauseBody = unpauseBody.extend({ endWorkers: z.boolean() });

export function scopeOf(order: z.infer<typeof unpauseBody>, collectionId: number): PauseScope {
  return {
    stages: PAUSABLE_STAGES.filter((stage) => order.stages.includes(stage)),
    collectionId: order.everyCollection ? null : collectionId,
  };
}

export function refuseOrder({ request, reply }: Exchange, { shape }: { readonly shape: object }): unknown {
  const error = `Expected JSON with ${listText(Object.keys(shape))} (stages: some of ${PAUSABLE_STAGES.join(', ')}) but received ${quote(request.body)}`;
  return reply.code(400).send({ error });
}
