import pLimit from 'p-limit';
import type { HeldPictures } from '../../photo/fetch.process.ts';
import type { Inspection, InspectionLimits } from '../../photo/inspection.ts';
import { condemning, deathsText, isCondemned, type Death } from '../../photo/suspicion.ts';
import { ChildProgram } from '../../platform/child/child-program.ts';
import type { App } from '../open/app.ts';
import { openInFlight, type InFlight } from '../work/in-flight.ts';
import type { InspectionRequest } from './solo-inspect.ts';

/** Inspecting a picture takes milliseconds, the largest some seconds. */
const LIMIT_MS = 120_000;

type Inspect = (bytes: Buffer, limits: InspectionLimits) => Promise<Inspection>;

/**
 * Inspects pictures and records which ones are in flight. Pictures that were in flight when a process died are inspected
 * one by one in a child process. A picture that kills the child process twice is unreadable.
 */
export class GuardedInspection {
  readonly #inFlight: InFlight;
  /** How all other pictures are inspected: many at once, in this process. */
  readonly inspect: Inspect;
  readonly #child = new ChildProgram<null, InspectionRequest, Inspection>({
    module: new URL('solo-inspect.mjs', import.meta.url),
    spec: null,
    limitMs: LIMIT_MS,
  });
  readonly #oneByOne = pLimit(1);

  constructor(app: Pick<App, 'connection' | 'log'>, inspect: Inspect) {
    this.#inFlight = openInFlight(app, { work: 'inspect', noun: 'picture' });
    this.inspect = inspect;
  }

  async hold(pictureIds: readonly number[]): Promise<HeldPictures> {
    const held = await this.#inFlight.take(pictureIds.map(String));
    const suspected = new Set(held.suspects.map(({ item }) => Number(item)));
    const { work } = this.#inFlight;
    const survived: string[] = [];
    return {
      inspect: async (pictureId, ...picture) => {
        if (!suspected.has(pictureId)) return this.inspect(...picture);
        const deaths = condemning(held.suspects, { item: String(pictureId), work });
        if (deaths !== null) return condemned(deaths);
        const reply = await this.#oneByOne(() => this.#inspectAlone(pictureId, ...picture));
        if ('deaths' in reply) return condemned(reply.deaths);
        survived.push(String(pictureId));
        return reply.answer;
      },
      release: () => held.release(survived),
    };
  }

  async close(): Promise<void> {
    await this.#child.close();
    await this.#inFlight.close();
  }

  async #inspectAlone(
    pictureId: number,
    ...[bytes, limits]: Parameters<Inspect>
  ): Promise<{ readonly answer: Inspection } | { readonly deaths: readonly Death[] }> {
    for (;;) {
      const reply = await this.#child.ask({ bytes, limits });
      if ('answer' in reply) return reply;
      const deaths = await this.#inFlight.died(String(pictureId), reply.death);
      if (isCondemned(deaths)) return { deaths };
    }
  }
}

function condemned(deaths: readonly Death[]): Inspection {
  return { ok: false, state: 'failed', reason: 'unreadable', detail: deathsText(deaths) };
}
