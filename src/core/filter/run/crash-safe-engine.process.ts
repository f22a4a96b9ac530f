import type { EvaluationResult, EvaluationTask } from '../engine/evaluated-photo.ts';
import { noEvidence, ranOn } from '../../models/evidence/evidence.ts';
import { codeOf, StopTheRun } from '../../kernel/errors.ts';
import { decodeLimit } from '../../platform/image/decode-limit.ts';
import { deathsText, type Death } from '../../platform/child/suspicion.ts';
import { EngineTally, type EngineWork } from '../engine/engine-tally.ts';
import { type FilterEngine, THREAD_DIED } from '../engine/thread-pool.process.ts';
import type { EngineSpec } from '../engine/messages.ts';
import { ModelHealth } from '../engine/model-health.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { InFlightItems, type Held } from '../../runtime/work/in-flight.process.ts';
import { SharedLock } from './shared-lock.ts';
import { ENGINE_CHILD, startEngines } from './device-engines.process.ts';
import type { EngineAnswer, EngineChildSpec, EngineRequest } from './engine-child.process.ts';

export interface CrashSafeOptions {
  readonly spec: EngineSpec;
  readonly threads: number;
  readonly work: string;
  /** True if the catalogue has evidence of the member at this position. If absent, it has none of any member. */
  readonly hasWorked?: (member: number) => Promise<boolean>;
}

/** Evaluating a photo takes some seconds with the largest models. */
const LIMIT_MS = 600_000;

/**
 * Photos that were in flight when a process died are evaluated one by one in a child process, while no thread of this process has
 * a photo or a model in memory. If the child dies and this process survives, the photo is to blame. After two such deaths it is
 * condemned.
 *
 * `start` loads the models. Otherwise they are loaded for the first photos, before those are recorded as in flight.
 */
export class CrashSafeEngine implements FilterEngine {
  readonly #options: CrashSafeOptions;
  readonly #lock = new SharedLock();
  readonly #inFlight: InFlightItems<EngineChildSpec, EngineRequest, EngineAnswer>;
  readonly #health: ModelHealth;
  readonly #tally: EngineTally;
  #started: Promise<unknown> | null = null;
  #engine: Promise<FilterEngine> | null = null;
  #isStopping = false;
  #isClosed = false;

  constructor(app: Pick<App, 'connection' | 'log'>, options: CrashSafeOptions) {
    this.#options = options;
    const { spec, threads, work, hasWorked = () => Promise.resolve(false) } = options;
    const alone = { engine: { ...spec, tellsSteps: true }, threads: 1, pixelsAtOnce: decodeLimit().pixels };
    const child = { module: ENGINE_CHILD, spec: alone, limitMs: LIMIT_MS };
    this.#inFlight = new InFlightItems(app, { work, noun: 'photo', child });
    this.#health = new ModelHealth({ names: spec.members.map(({ name }) => name), hasWorked });
    this.#tally = new EngineTally(threads);
  }

  /** @throws StopTheRun if a model cannot be loaded */
  async start(): Promise<void> {
    this.#started ??= this.#opened();
    await this.#started;
  }

  async evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
    if (tasks.length === 0) return [];
    await this.start();
    const held = await this.#inFlight.take(tasks.map(({ sha256 }) => sha256));
    try {
      const { provider = 'cpu' } = this.#options.spec;
      const results = (await this.#evaluate(tasks, held)).map((result) => ({
        ...result,
        fresh: ranOn(provider, result.fresh),
      }));
      await this.#health.look(tasks, results);
      const survived = tasks.filter(
        ({ sha256 }, i) => !held.suspects.has(sha256) && results[i]?.problem?.kind !== 'poison',
      );
      await held.release(this.#isStopping ? [] : survived.map(({ sha256 }) => sha256));
      return results;
    } catch (error) {
      // If a thread died, the rows stay: the next process finds them as if this process had died. After any other error no
      // photo is to blame. That error is the one to report, even if the release fails.
      if (codeOf(error) !== THREAD_DIED) await held.release().catch(() => undefined);
      throw error;
    }
  }

  get work(): EngineWork {
    return this.#tally.engineWork;
  }

  /** Suspects that were not begun stay as they are. */
  requestStop(): void {
    this.#isStopping = true;
    // An engine that could not start has already rejected the promises of its callers.
    void this.#engine?.then((engine) => engine.requestStop()).catch(() => undefined);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#inFlight.endChild();
    await this.#closeEngine();
    await this.#inFlight.close();
  }

  async #evaluate(
    tasks: readonly EvaluationTask[],
    held: Held<EngineRequest, EngineAnswer>,
  ): Promise<readonly EvaluationResult[]> {
    const isSuspect = ({ sha256 }: EvaluationTask): boolean => held.suspects.has(sha256);
    const free = tasks.filter((task) => !isSuspect(task));
    const suspects = tasks.filter(isSuspect);
    const together = free.length === 0 ? [] : await this.#lock.shared(() => this.#together(free));
    const alone = suspects.length === 0 ? [] : await this.#lock.exclusive(() => this.#alone(suspects, held));
    const resultOf = new Map([
      ...free.map((task, i) => [task, together[i]] as const),
      ...suspects.map((task, i) => [task, alone[i]] as const),
    ]);
    return tasks.map((task) => resultOf.get(task) ?? this.#nothing(null));
  }

  async #together(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
    await this.#inFlight.endChild();
    const engine = await this.#opened();
    return engine.evaluate(tasks);
  }

  async #alone(
    tasks: readonly EvaluationTask[],
    held: Held<EngineRequest, EngineAnswer>,
  ): Promise<readonly EvaluationResult[]> {
    const results: EvaluationResult[] = [];
    for (const task of tasks) results.push(this.#isStopping ? this.#nothing(null) : await this.#one(task, held));
    return results;
  }

  async #one(task: EvaluationTask, held: Held<EngineRequest, EngineAnswer>): Promise<EvaluationResult> {
    if (held.suspects.get(task.sha256) === null) await this.#closeEngine();
    this.#tally.begin();
    const reply = await held.alone(task.sha256, [task]);
    if ('deaths' in reply) return this.#nothing(reply.deaths);
    this.#tally.add(reply.answer.work);
    return reply.answer.results[0] ?? this.#nothing(null);
  }

  #nothing(deaths: readonly Death[] | null): EvaluationResult {
    const problem = deaths === null ? null : { kind: 'poison' as const, detail: deathsText(deaths) };
    return { fresh: noEvidence(this.#options.spec.members.length), problem };
  }

  async #opened(): Promise<FilterEngine> {
    const { spec, threads } = this.#options;
    if (this.#isClosed)
      throw new StopTheRun('Expected an open filter engine for a batch but it was closed', { code: 'engine-closed' });
    this.#engine ??= startEngines(spec, threads, this.#tally);
    const engine = await this.#engine;
    if (this.#isStopping) engine.requestStop();
    return engine;
  }

  async #closeEngine(): Promise<void> {
    const engine = await this.#engine?.catch(() => null);
    this.#engine = null;
    await engine?.close();
  }
}
