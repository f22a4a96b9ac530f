import * as z from 'zod';
import { RETRIABLE_REASONS, retryFailures } from '../../app/upkeep/retry-failures.ts';
import type { Workspace } from '../../app/open/workspace.ts';
import { endPauses, pauseStages, readPauses, type PauseScope } from '../../collection/pause.repository.ts';
import { listText, PAUSABLE_STAGES } from '../../collection/pause.ts';
import { quote } from '../../config/quote.ts';
import { paramOf, type Exchange, type Route } from '../route.ts';

const stages = z.array(z.enum(PAUSABLE_STAGES)).min(1);
const pauseBody = z.strictObject({ stages, everyCollection: z.boolean(), endWorkers: z.boolean() });
const unpauseBody = z.strictObject({ stages, everyCollection: z.boolean() });

/** What operators do to the work: pause a stage, end a pause, give what failed another try. */
export function controlRoutes({ app, scope }: Workspace): Route[] {
  const scopeOf = ({ stages: some, everyCollection }: z.infer<typeof unpauseBody>): PauseScope => ({
    stages: PAUSABLE_STAGES.filter((stage) => some.includes(stage)),
    collectionId: everyCollection ? null : scope.collectionId,
  });
  const operator = { method: 'POST', role: 'operator' } as const;
  return [
    {
      ...operator,
      path: '/api/pause',
      async handle({ request, reply, role }) {
        const order = pauseBody.safeParse(request.body).data;
        if (order === undefined) return refuse({ request, reply }, ['stages', 'everyCollection', 'endWorkers']);
        const { endWorkers } = order;
        await pauseStages(app.db, { ...scopeOf(order), by: role ?? 'operator', endWorkers });
        app.log.info({ ...order }, 'paused from the dashboard');
        return { pauses: await readPauses(app.db, scope.collectionId) };
      },
    },
    {
      ...operator,
      path: '/api/unpause',
      async handle({ request, reply }) {
        const order = unpauseBody.safeParse(request.body).data;
        if (order === undefined) return refuse({ request, reply }, ['stages', 'everyCollection']);
        const ended = await endPauses(app.db, scopeOf(order));
        app.log.info({ ...order, ended }, 'a pause was ended from the dashboard');
        return { ended, pauses: await readPauses(app.db, scope.collectionId) };
      },
    },
    {
      ...operator,
      path: '/api/retry/:reason',
      async handle({ request, reply }) {
        const reason = paramOf(request, 'reason');
        if (!RETRIABLE_REASONS.includes(reason)) return reply.callNotFound();
        const retried = await retryFailures(app, { reasons: [reason] });
        app.log.info({ reason, ...retried }, 'what failed was given another try, from the dashboard');
        return retried;
      },
    },
  ];
}

function refuse({ request, reply }: Pick<Exchange, 'request' | 'reply'>, keys: readonly string[]): unknown {
  const error = `Expected JSON with ${listText(keys)} (stages: some of ${PAUSABLE_STAGES.join(', ')}) but received ${quote(request.body)}`;
  return reply.code(400).send({ error });
}
