import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { forgetOldReports, pauseOrders, reportInFlight, type PauseOrder } from '../../collection/pause.repository.ts';
import { pausesText, type StagePlace } from '../../collection/pause.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { sleepUnlessAborted } from './outage.process.ts';

export const LOOK_EVERY_MS = 1_000;
/** The pauses are not read again within this time, so that the stages of one process share a query. */
const FRESH_MS = 500;

export interface Pausable extends StagePlace {
  runningJobs(): number;
}

/** Watches pauses for all work of a process. Reports each second how many jobs of each stage run in it. */
export class PauseWatch {
  readonly #db: Kysely<Database>;
  readonly #log: { info(message: string): void };
  readonly #process = randomUUID();
  readonly #work = new Set<Pausable>();
  #orders: readonly PauseOrder[] = [];
  /** Orders to end that are older than this process, and do not apply to it. Null until the first read. */
  #before: ReadonlySet<string> | null = null;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;
  #hasReported = false;
  #reported = '';

  constructor({ db, log }: { readonly db: Kysely<Database>; readonly log: { info(message: string): void } }) {
    this.#db = db;
    this.#log = log;
  }

  /** Registers work of this process. The returned function removes it again. */
  join(work: Pausable): () => void {
    this.#work.add(work);
    return () => this.#work.delete(work);
  }

  /** Reads the pauses, unless they were just read. */
  async look(): Promise<void> {
    if (performance.now() - this.#lookedMs >= FRESH_MS) await this.refresh();
  }

  async refresh(): Promise<void> {
    this.#looking ??= this.#read().finally(() => (this.#looking = null));
    await this.#looking;
  }

  isPaused(place: StagePlace): boolean {
    return this.#ordersFor(place).length > 0;
  }

  /** True if, since this process started, an operator has ordered workers of the stage to end. */
  mustEnd(place: StagePlace): boolean {
    return this.#ordersFor(place).some(
      (order) => order.endWorkersAt !== null && this.#before?.has(keyOf(order)) === false,
    );
  }

  /** Why the stages of this process wait, as a sentence. Empty if they do not. */
  text(): string {
    const places = [...this.#work];
    const holding = this.#orders.filter((order) => places.some((place) => isFor(order, place)));
    return pausesText(holding);
  }

  async untilOpen(place: StagePlace, signal: AbortSignal): Promise<void> {
    await this.look();
    while (this.isPaused(place) && !signal.aborted) {
      await sleepUnlessAborted(LOOK_EVERY_MS, signal);
      await this.look();
    }
  }

  async close(): Promise<void> {
    // If the database is gone, the report is lost with it or soon counts as stale.
    if (this.#hasReported) await reportInFlight(this.#db, this.#process, []).catch(() => undefined);
  }

  async #read(): Promise<void> {
    this.#orders = await pauseOrders(this.#db);
    if (this.#before === null) await forgetOldReports(this.#db);
    this.#before ??= new Set(this.#orders.map(keyOf));
    await this.#report();
    this.#lookedMs = performance.now();
    this.#tell();
  }

  async #report(): Promise<void> {
    const running = new Map<string, StagePlace & { jobs: number }>();
    for (const work of this.#work) {
      const { stage, collectionId } = work;
      const key = `${stage} ${collectionId}`;
      running.set(key, { stage, collectionId, jobs: (running.get(key)?.jobs ?? 0) + work.runningJobs() });
    }
    const busy = [...running.values()].filter(({ jobs }) => jobs > 0);
    if (busy.length === 0 && !this.#hasReported) return;
    await reportInFlight(this.#db, this.#process, busy);
    this.#hasReported = busy.length > 0;
  }

  #tell(): void {
    const text = this.text();
    if (text === this.#reported) return;
    this.#log.info(text === '' ? 'no stage is paused any more' : text);
    this.#reported = text;
  }

  #ordersFor(place: StagePlace): PauseOrder[] {
    return this.#orders.filter((order) => isFor(order, place));
  }
}

function isFor({ stage, collectionId }: PauseOrder, place: StagePlace): boolean {
  return stage === place.stage && (collectionId === null || collectionId === place.collectionId);
}

function keyOf({ stage, collectionId, endWorkersAt }: PauseOrder): string {
  return `${stage} ${collectionId ?? 'all'} ${endWorkersAt?.toISOString() ?? ''}`;
}
