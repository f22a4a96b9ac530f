import type { EvaluationResult, EvaluationTask } from '../../decision/evaluate.process.ts';
import { NO_WORK, sumOfWork, type EvaluationWork } from '../../decision/evaluation-work.ts';
import { noEvidence } from '../../evidence/evidence.ts';
import { deathsText, isCondemned, type Death } from '../../photo/suspicion.ts';
import { ChildProgram } from '../../platform/child/child-program.ts';
import type { EngineWork } from '../engine/engine.ts';
import type { InFlight } from '../work/in-flight.ts';
import type { SoloAnswer, SoloSpec } from './solo-filter.ts';

/** Evaluating a photo takes some seconds with the largest models. */
const LIMIT_MS = 600_000;

/** Evaluates photos one at a time in a child process, which is started when it is needed. */
export class SoloRunner {
  readonly #spec: SoloSpec;
  readonly #inFlight: Pick<InFlight, 'died'>;
  #child: ChildProgram<SoloSpec, EvaluationTask, SoloAnswer> | null = null;
  /** Work of the current child process and of earlier ones. */
  #work: EvaluationWork = NO_WORK;
  #workBefore: EvaluationWork = NO_WORK;
  #startedAtMs: number | null = null;
  #spanMs = 0;
  #isStopping = false;

  constructor(spec: SoloSpec, inFlight: Pick<InFlight, 'died'>) {
    this.#spec = spec;
    this.#inFlight = inFlight;
  }

  /**
   * Evaluates photos one by one. A photo that kills the child process is tried once more, after the others.
   *
   * @returns one result for each task, in order
   */
  async evaluate(tasks: readonly EvaluationTask[]): Promise<EvaluationResult[]> {
    const startMs = performance.now();
    this.#startedAtMs ??= Math.round(performance.timeOrigin + startMs);
    const results: EvaluationResult[] = [];
    const waiting = [...tasks.entries()];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, task] = next;
      const result = this.#isStopping ? this.#nothing(null) : await this.#run(task);
      if (result === null) waiting.push(next);
      else results[index] = result;
    }
    this.#spanMs += performance.now() - startMs;
    return results;
  }

  /** Photos that were not begun stay as they are. */
  requestStop(): void {
    this.#isStopping = true;
  }

  async close(): Promise<void> {
    await this.#child?.close();
    this.#child = null;
    this.#ended();
  }

  work(): Omit<EngineWork, 'threads'> {
    const work = sumOfWork([this.#workBefore, this.#work]);
    return { startedAtMs: this.#startedAtMs, spanMs: this.#spanMs, ...work };
  }

  /** Null if the photo must be tried again. */
  async #run(task: EvaluationTask): Promise<EvaluationResult | null> {
    const module = new URL('solo-filter.mjs', import.meta.url);
    this.#child ??= new ChildProgram({ module, spec: this.#spec, limitMs: LIMIT_MS });
    const reply = await this.#child.ask(task);
    if ('answer' in reply) {
      this.#work = reply.answer.work;
      return reply.answer.result;
    }
    this.#ended();
    const deaths = await this.#inFlight.died(task.sha256, reply.death);
    return isCondemned(deaths) ? this.#nothing(deaths) : null;
  }

  #ended(): void {
    this.#workBefore = sumOfWork([this.#workBefore, this.#work]);
    this.#work = NO_WORK;
  }

  #nothing(deaths: readonly Death[] | null): EvaluationResult {
    return nothingOf(this.#spec.members.length, deaths);
  }
}

/** The result of a photo that was not evaluated or must not be: no evidence of any member. */
export function nothingOf(members: number, deaths: readonly Death[] | null): EvaluationResult {
  const problem = deaths === null ? null : { kind: 'poison' as const, detail: deathsText(deaths) };
  return { fresh: noEvidence(members), problem };
}
