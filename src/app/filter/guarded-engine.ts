import type { EvaluationResult, EvaluationTask } from '../../decision/evaluate.process.ts';
import { sumOfWork } from '../../decision/evaluation-work.ts';
import { codeOf, StopTheRun } from '../../kernel/errors.ts';
import type { SuspectRow } from '../../photo/in-flight.repository.ts';
import { condemning } from '../../photo/suspicion.ts';
import { startEngine, type EngineWork, type FilterEngine } from '../engine/engine.ts';
import { ModelHealth } from '../engine/model-health.ts';
import { THREAD_DIED } from '../engine/thread-pool.ts';
import type { InFlight } from '../work/in-flight.ts';
import type { SoloSpec } from './solo-filter.ts';
import { nothingOf, SoloRunner } from './solo-runner.ts';
import { SharedLock } from './shared-lock.ts';

export interface GuardedOptions {
  readonly spec: SoloSpec;
  readonly threads: number;
  /** Closed with the engine. */
  readonly inFlight: InFlight;
  /** Whether the catalogue has evidence of a member, by its position; absent: of none. */
  readonly hasWorked?: (member: number) => Promise<boolean>;
}

/**
 * An engine whose photos are known to be in hand while they are evaluated. Those that a process has died with are
 * evaluated in a process of their own, one after the other, while no thread has a photo in hand or a model in memory: when
 * that process dies, and this one lives on to see it, the photo is to blame. Of two such deaths it is condemned.
 * Photos of no finite numbers come back as such, as long as they may be to blame and not their model.
 *
 * Models are loaded by `start`, or for the first photos, before those are in hand.
 */
export class GuardedEngine implements FilterEngine {
  readonly #options: GuardedOptions;
  readonly #lock = new SharedLock();
  readonly #solo: SoloRunner;
  readonly #health: ModelHealth;
  #started: Promise<unknown> | null = null;
  #engine: Promise<FilterEngine> | null = null;
  /** The same, once it runs. */
  #running: FilterEngine | null = null;
  /** Of engines that were closed. */
  readonly #past: EngineWork[] = [];
  #isStopping = false;
  #isClosed = false;

  constructor(options: GuardedOptions) {
    this.#options = options;
    this.#solo = new SoloRunner(options.spec, options.inFlight);
    const { spec, hasWorked = () => Promise.resolve(false) } = options;
    this.#health = new ModelHealth({ names: spec.members.map(({ name }) => name), hasWorked });
  }

  /** @throws StopTheRun if a model cannot be loaded */
  async start(): Promise<void> {
    this.#started ??= this.#opened();
    await this.#started;
  }

  async evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
    if (tasks.length === 0) return [];
    await this.start();
    const held = await this.#options.inFlight.take(tasks.map(({ sha256 }) => sha256));
    try {
      const results = await this.#evaluate(tasks, held.suspects);
      await this.#health.look(tasks, results);
      const survived = tasks.filter((_, i) => results[i]?.problem?.kind !== 'poison');
      await held.release(this.#isStopping ? [] : survived.map(({ sha256 }) => sha256));
      return results;
    } catch (error) {
      // What a thread has died of is found by the next process, as if this one had. Otherwise nobody is to blame, and why it
      // failed is told, whatever else does.
      if (codeOf(error) !== THREAD_DIED) await held.release([]).catch(() => undefined);
      throw error;
    }
  }

  work(): EngineWork {
    const running = this.#running === null ? [] : [this.#running.work()];
    const parts = [...this.#past, ...running, this.#solo.work()].filter(({ startedAtMs }) => startedAtMs !== null);
    const starts = parts.flatMap(({ startedAtMs }) => startedAtMs ?? []);
    return {
      threads: this.#options.threads,
      startedAtMs: starts.length === 0 ? null : Math.min(...starts),
      spanMs: parts.reduce((total, { spanMs }) => total + spanMs, 0),
      ...sumOfWork(parts),
    };
  }

  requestStop(): void {
    this.#isStopping = true;
    this.#solo.requestStop();
    // One that could not be started has told whoever waits for it.
    void this.#engine?.then((engine) => engine.requestStop()).catch(() => undefined);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#solo.close();
    await this.#closeEngine();
    await this.#options.inFlight.close();
  }

  async #evaluate(
    tasks: readonly EvaluationTask[],
    suspects: readonly SuspectRow[],
  ): Promise<readonly EvaluationResult[]> {
    const { spec, inFlight } = this.#options;
    const suspected = new Set(suspects.map(({ item }) => item));
    const deathsOf = (task: EvaluationTask) => condemning(suspects, { item: task.sha256, work: inFlight.work });
    const free = tasks.filter(({ sha256 }) => !suspected.has(sha256));
    const toTry = tasks.filter((task) => suspected.has(task.sha256) && deathsOf(task) === null);
    const together = free.length === 0 ? [] : await this.#lock.shared(() => this.#together(free));
    const alone = toTry.length === 0 ? [] : await this.#lock.exclusive(() => this.#alone(toTry));
    const resultOf = new Map([
      ...free.map((task, i) => [task, together[i]] as const),
      ...toTry.map((task, i) => [task, alone[i]] as const),
    ]);
    return tasks.map((task) => resultOf.get(task) ?? nothingOf(spec.members.length, deathsOf(task)));
  }

  async #together(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
    await this.#solo.close();
    const engine = await this.#opened();
    return engine.evaluate(tasks);
  }

  async #alone(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
    await this.#closeEngine();
    return this.#solo.evaluate(tasks);
  }

  async #opened(): Promise<FilterEngine> {
    const { spec, threads } = this.#options;
    if (this.#isClosed)
      throw new StopTheRun('Expected an open filter engine for a batch but it was closed', { code: 'engine-closed' });
    this.#engine ??= startEngine(spec, threads);
    const engine = await this.#engine;
    this.#running = engine;
    if (this.#isStopping) engine.requestStop();
    return engine;
  }

  async #closeEngine(): Promise<void> {
    const engine = await this.#engine?.catch(() => null);
    this.#engine = null;
    this.#running = null;
    if (engine === undefined || engine === null) return;
    await engine.close();
    this.#past.push(engine.work());
  }
}
