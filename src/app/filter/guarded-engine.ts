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
  /** Whether the catalogue has evidence of the member at a position. If absent, it has none of any member. */
  readonly hasWorked?: (member: number) => Promise<boolean>;
}

/**
 * An engine that records which photos are in flight. Photos that were in flight when a process died are evaluated one by
 * one in a child process, while no thread of this process has a photo or a model in memory. If the child dies and this
 * process survives, the photo is to blame. After two such deaths it is condemned. A photo without finite numbers is
 * returned as a problem, unless its model is to blame.
 *
 * `start` loads the models. Otherwise they are loaded for the first photos, before those are recorded as in flight.
 */
export class GuardedEngine implements FilterEngine {
  readonly #options: GuardedOptions;
  readonly #lock = new SharedLock();
  readonly #solo: SoloRunner;
  readonly #health: ModelHealth;
  #started: Promise<unknown> | null = null;
  #engine: Promise<FilterEngine> | null = null;
  /** The same engine, once it runs. */
  #running: FilterEngine | null = null;
  /** Work of engines that were closed. */
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
      // If a thread died, the rows stay: the next process finds them as if this process had died. After any other error no
      // photo is to blame. That error is the one to report, even if the release fails.
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
    // An engine that could not start has already rejected the promises of its callers.
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
