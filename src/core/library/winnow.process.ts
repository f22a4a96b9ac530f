import type { Collection } from '../collection/collection.ts';
import type { ExportResult } from '../export/export.process.ts';
import type { DecisionLine } from '../filter/run/decision-line.ts';
import type { Acceptance } from '../kernel/acceptance.ts';
import { Interrupted, throwIfInterrupted, UsageError } from '../kernel/errors.ts';
import type { CandidateState, DecisionState } from '../kernel/reasons.ts';
import type { RulesUse } from '../models/workspace/rules.process.ts';
import { openWorkspace, type Workspace } from '../models/workspace/workspace.process.ts';
import type { ReviewEvent } from '../review/events/event.ts';
import { listEvents } from '../review/events/review.repository.ts';
import type { VerdictState } from '../review/events/verdict.ts';
import type { App } from '../runtime/open/app.process.ts';
import { listCandidates, type CandidateFilter, type CandidateLine } from '../status/candidate-list.repository.ts';
import type { Status } from '../status/status.process.ts';
import type { CrawlSummary } from './crawl-summary.process.ts';
import type { FilterSummary } from './filter-summary.process.ts';
import type { ImportSummary } from './import.process.ts';
import {
  CANDIDATE_REASONS,
  DECISION_REASONS,
  VERDICT_REASONS,
  decisionLines,
  filterOf,
  listedLines,
  refuseImpossible,
  standingLines,
  type ListedLine,
  type ReasonsOfState,
  type StandingLine,
} from './lists.process.ts';
import type {
  CrawlOptions,
  ExportOptions,
  ImportOptions,
  ListOptions,
  ShortlistOptions,
  WorkOptions,
} from './options.ts';
import { errorForProgram } from './open.process.ts';
import type { ShortlistSummary } from './shortlist.process.ts';
import type { PlannedCrawl } from './work.process.ts';

export type Rows<Row> = AsyncGenerator<Row, void, undefined>;

/**
 * The calls of core on an opened collection. `src/index.ts` adds those of the wings.
 */
export class Winnow {
  readonly #app: App;
  readonly #file: Collection;
  /** Lists that are being read. */
  readonly #lists = new Set<AsyncGenerator>();
  /** Calls that have not ended. */
  readonly #calls = new Set<Promise<unknown>>();
  /** Aborts when `close` begins. */
  readonly #closing = new AbortController();
  #closed: Promise<void> | null = null;
  /** The last stage that was started. */
  #stage: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(app: App, file: Collection) {
    this.#app = app;
    this.#file = file;
  }

  /** The name of the collection. */
  get collection(): string {
    return this.#file.name;
  }

  /** The data folder, as an absolute path. */
  get data(): string {
    return this.#app.dataDir;
  }

  // Each method loads the code of its stage, because a command uses one of them.

  /** Finds candidate photos and stores their bytes. */
  crawl(options: CrawlOptions = {}): Promise<CrawlSummary> {
    return this.#crawling('work', options, async (workspace, planned) =>
      (await import('./work.process.ts')).crawl(workspace, planned),
    );
  }

  /** Runs the ensemble on the stored photos. */
  filter(options: WorkOptions = {}): Promise<FilterSummary> {
    return this.#inTurn(() =>
      this.work('change', options, async (workspace, signal) =>
        (await import('./work.process.ts')).filter(workspace, { ...options, signal }),
      ),
    );
  }

  /** Lists the kept photos again, with the caps and without near-duplicates. */
  makeShortlist(options: ShortlistOptions = {}): Promise<ShortlistSummary> {
    return this.work('work', options, async (workspace, signal) =>
      (await import('./shortlist.process.ts')).summaryOfShortlist(workspace, { ...options, signal }),
    );
  }

  /** Crawls and filters as photos arrive, then makes the shortlist. */
  run(
    options: CrawlOptions = {},
  ): Promise<{ crawl: CrawlSummary; filter: FilterSummary; shortlist: ShortlistSummary }> {
    return this.#crawling('change', options, async (workspace, planned) =>
      (await import('./work.process.ts')).run(workspace, planned),
    );
  }

  status(): Promise<Status> {
    return this.work('follow', {}, async (workspace) => {
      const { checked, readStatus } = await import('../status/status.process.ts');
      return checked(workspace, await readStatus(workspace));
    });
  }

  candidates(options: ListOptions<CandidateState> = {}): Rows<CandidateLine> {
    return this.#list(options, CANDIDATE_REASONS, ({ app, scope }, filter) => listCandidates(app.db, scope, filter));
  }

  decisions(options: ListOptions<DecisionState> = {}): Rows<DecisionLine> {
    return this.#list(options, DECISION_REASONS, decisionLines);
  }

  /** The last shortlist that was made, and what it left out. */
  shortlist(options: Pick<ListOptions, 'signal'> = {}): Rows<ListedLine> {
    return this.#rows(options, listedLines);
  }

  verdicts(options: ListOptions<VerdictState> = {}): Rows<StandingLine> {
    return this.#list(options, VERDICT_REASONS, standingLines);
  }

  /**
   * The label error of the accepted photos, from the second pass, and whether the set passes `review.acceptance`. If the review is
   * complete, this is a look.
   */
  acceptance(): Promise<Acceptance> {
    return this.work('follow', {}, async (workspace) =>
      (await import('../review/acceptance/read-acceptance.process.ts')).readAcceptance(workspace),
    );
  }

  /** Every action of the reviewers, in its order. */
  reviewEvents(options: Pick<ListOptions, 'signal'> = {}): Rows<ReviewEvent> {
    return this.#rows(options, ({ app, scope }) => listEvents(app.db, scope.collectionId));
  }

  /** Reads verdicts from a CSV table, Label Studio or FiftyOne. If a row is wrong, nothing is imported. */
  importVerdicts(file: string, options: ImportOptions = {}): Promise<ImportSummary> {
    return this.work('follow', {}, async (workspace) =>
      (await import('./import.process.ts')).importFile(workspace, file, options),
    );
  }

  /** Freezes the accepted photos into a new folder. */
  export(options: ExportOptions): Promise<ExportResult> {
    return this.work('follow', options, async (workspace, signal) =>
      (await import('./export.process.ts')).exportAndRecord(workspace, { ...throttled(options), signal }),
    );
  }

  /**
   * Aborts the calls that have not ended and waits for them: jobs in flight finish, and the calls reject with the code
   * `closed`, as every later one does. Ends the lists that are being read, the connections, and the PostgreSQL of the data
   * folder if no other process uses it.
   */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#lists].map((list) => list.return(undefined)));
    await Promise.allSettled([...this.#calls, this.#stage]);
    await this.#app.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Stages of one handle share its queues, so they run one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#stage.then(work);
    this.#stage = turn.catch(() => {});
    return turn;
  }

  /** Options are checked before anything is changed. */
  #crawling<T>(
    use: RulesUse,
    options: CrawlOptions,
    work: (workspace: Workspace, planned: PlannedCrawl) => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(async () => {
      const { planOf } = await import('./crawl-plan.process.ts');
      const wanted = { ...options, signal: this.#signalOf(options) };
      const plan = await this.#explained(wanted.signal, () => planOf(this.#file, this.#app.config, wanted));
      return this.work(use, options, async (workspace) => {
        const { app, collection } = workspace;
        const isFile = collection === this.#file;
        return work(workspace, { ...wanted, plan: isFile ? plan : await planOf(collection, app.config, wanted) });
      });
    });
  }

  /**
   * Runs a call on the collection.
   * @internal for `src/index.ts`, which adds the calls of the wings
   */
  protected work<T>(
    use: RulesUse,
    options: WorkOptions,
    work: (workspace: Workspace, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal = this.#signalOf(options);
    const call = this.#explained(signal, async () => {
      throwIfInterrupted(signal);
      return work(await openWorkspace(this.#app, this.#file, use), signal);
    });
    this.#calls.add(call);
    const forget = (): unknown => this.#calls.delete(call);
    call.then(forget, forget);
    return call;
  }

  /** Aborts with the caller's signal, or when this is closed. */
  #signalOf({ signal = NEVER }: WorkOptions): AbortSignal {
    return AbortSignal.any([signal, this.#closing.signal]);
  }

  async #explained<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await this.#errorFor(error, signal);
    }
  }

  #list<Row>(
    options: ListOptions,
    reasons: ReasonsOfState,
    rowsOf: (workspace: Workspace, filter: CandidateFilter) => AsyncIterable<Row>,
  ): Rows<Row> {
    return this.#rows(options, async function* (workspace) {
      refuseImpossible(options, reasons);
      yield* rowsOf(workspace, await filterOf(workspace, options));
    });
  }

  #rows<Row>(options: Pick<ListOptions, 'signal'>, rowsOf: (workspace: Workspace) => AsyncIterable<Row>): Rows<Row> {
    const rows = this.#read(options, rowsOf, () => this.#lists.delete(rows));
    this.#lists.add(rows);
    return rows;
  }

  async *#read<Row>(
    options: Pick<ListOptions, 'signal'>,
    rowsOf: (workspace: Workspace) => AsyncIterable<Row>,
    onEnd: () => void,
  ): Rows<Row> {
    const signal = this.#signalOf(options);
    try {
      throwIfInterrupted(signal);
      for await (const row of rowsOf(await openWorkspace(this.#app, this.#file))) {
        throwIfInterrupted(signal);
        yield row;
      }
    } catch (error) {
      throw await this.#errorFor(error, signal);
    } finally {
      onEnd();
    }
  }

  async #errorFor(error: unknown, signal: AbortSignal): Promise<unknown> {
    const { config, dataDir } = this.#app;
    const explained = await errorForProgram(error, signal, config.postgres.url === null ? dataDir : null);
    if (!this.#closing.signal.aborted || !(explained instanceof Interrupted)) return explained;
    return new UsageError('This collection was closed. Open it again with openWinnow.', { code: 'closed' });
  }
}

const NEVER = new AbortController().signal;

const PROGRESS_EVERY_MS = 250;

/** Calls `onProgress` a few times a second, and at the end of each step. */
export function throttled<Options extends WorkOptions>(options: Options): Options {
  const { onProgress } = options;
  if (onProgress === undefined) return options;
  let next = 0;
  return {
    ...options,
    onProgress: (progress) => {
      const now = performance.now();
      if (now < next && progress.done !== progress.total) return;
      next = now + PROGRESS_EVERY_MS;
      onProgress(progress);
    },
  };
}
