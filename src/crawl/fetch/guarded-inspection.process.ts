import type { FetchDeps } from './fetch.process.ts';
import type { Inspection, InspectionLimits } from '../../platform/image/inspection.ts';
import { deathsText } from '../../platform/child/suspicion.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { Guard } from '../../runtime/work/guard.process.ts';
import type { InspectionRequest } from './solo-inspect.process.ts';

/** Inspecting a picture takes milliseconds, the largest some seconds. */
const LIMIT_MS = 120_000;

type Inspect = (bytes: Buffer, limits: InspectionLimits) => Promise<Inspection>;

export interface GuardedInspection extends Pick<FetchDeps, 'hold'> {
  close(): Promise<void>;
}

/**
 * Inspects pictures and records which ones are in flight. Pictures that were in flight when a process died are inspected
 * one by one in a child process. A picture that kills the child process twice is unreadable.
 */
export function guardInspection(app: Pick<App, 'connection' | 'log'>, inspect: Inspect): GuardedInspection {
  const child = { module: new URL('solo-inspect.mjs', import.meta.url), spec: null, limitMs: LIMIT_MS };
  const guard = new Guard<null, InspectionRequest, Inspection>(app, { work: 'inspect', noun: 'picture', child });
  return {
    async hold(pictureIds) {
      const held = await guard.take(pictureIds.map(String));
      return {
        async inspect(pictureId, bytes, limits) {
          const item = String(pictureId);
          if (!held.suspects.has(item)) return inspect(bytes, limits);
          const reply = await held.alone(item, { bytes, limits });
          if ('answer' in reply) return reply.answer;
          return { ok: false, state: 'failed', reason: 'unreadable', detail: deathsText(reply.deaths) };
        },
        release: () => held.release(),
      };
    },
    close: () => guard.close(),
  };
}
