import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Measures } from '../app/watch/measures.ts';
import { PAUSABLE_STAGES } from '../collection/pause.ts';
import type { KeyBudget } from '../funnel/budget.ts';

/** What is always told of, so that none of them can be seen as such. */
const SERVICES = ['discover-worker', 'fetch-worker', 'filter-worker', 'server'];
const BUDGETS = ['requestsPerMinute', 'requestsPerDay', 'bytesPerHour', 'bytesPerDay'] as const;

/**
 * Metrics for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). Labels are bounded: the collection,
 * the sources, states and reasons of closed lists; never a class, a host or a URL.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #gauges: Gauge[] = [];
  readonly #read: () => Promise<readonly Measures[]>;

  constructor(read: () => Promise<readonly Measures[]>) {
    this.#read = read;
    collectDefaultMetrics({ register: this.#registry });
    const register = (name: string, help: string, labels: readonly string[]): Gauge => {
      const gauge = new Gauge({ name, help, labelNames: ['collection', ...labels], registers: [this.#registry] });
      this.#gauges.push(gauge);
      return gauge;
    };
    this.#candidates = register('winnow_candidates', 'Candidates by what became of them', ['source', 'state']);
    this.#refused = register('winnow_candidates_refused', 'Candidates dropped or failed, by reason', [
      'state',
      'reason',
    ]);
    this.#photos = register('winnow_photos', 'Distinct photos of the classes, by decision', ['decision']);
    this.#shortlisted = register('winnow_shortlist_photos', 'Kept photos, by place in the shortlist', ['place']);
    this.#backlog = register(
      'winnow_backlog',
      'What is left to do by stage: queries to ask, pictures to fetch, photos to decide',
      ['stage'],
    );
    this.#storedPhotos = register(
      'winnow_stored_photos',
      'Photos of the catalogue, by whether their bytes are stored; counted again once a minute at most',
      ['state'],
    );
    this.#storedBytes = register('winnow_stored_bytes', 'Their bytes', ['state']);
    this.#budgetLeft = register('winnow_budget_left', 'Requests and bytes that a site may still be asked for', [
      'key',
      'budget',
    ]);
    this.#budgetLimit = register('winnow_budget_limit', 'Of how many', ['key', 'budget']);
    this.#waits = register('winnow_source_waits', '1 while a source must be left alone, by reason', ['key', 'reason']);
    this.#paused = register('winnow_stage_paused', '1 while an operator has paused the stage', ['stage']);
    this.#inHand = register('winnow_jobs_draining', 'Jobs in progress of a stage that is paused', ['stage']);
    this.#workers = register('winnow_processes', 'Connected winnow processes, by what they do', ['name']);
  }

  readonly #candidates: Gauge;
  readonly #refused: Gauge;
  readonly #photos: Gauge;
  readonly #shortlisted: Gauge;
  readonly #backlog: Gauge;
  readonly #storedPhotos: Gauge;
  readonly #storedBytes: Gauge;
  readonly #budgetLeft: Gauge;
  readonly #budgetLimit: Gauge;
  readonly #waits: Gauge;
  readonly #paused: Gauge;
  readonly #inHand: Gauge;
  readonly #workers: Gauge;

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    const all = await this.#read();
    for (const gauge of this.#gauges) gauge.reset();
    for (const measures of all) {
      this.#setFunnel(measures);
      this.#setWork(measures);
      this.#setBudgets(measures);
      this.#setPauses(measures);
    }
    return this.#registry.metrics();
  }

  #setFunnel({ collection, totals, sources }: Measures): void {
    for (const { source, found, waiting, fetched } of sources) {
      this.#candidates.set({ collection, source, state: 'found' }, found);
      this.#candidates.set({ collection, source, state: 'waiting' }, waiting);
      this.#candidates.set({ collection, source, state: 'fetched' }, fetched);
    }
    for (const state of ['dropped', 'failed'] as const) {
      for (const [reason, count = 0] of Object.entries(totals[state]))
        this.#refused.set({ collection, state, reason }, count);
    }
    for (const [decision, count] of Object.entries(totals.decided)) this.#photos.set({ collection, decision }, count);
    const { shortlisted, leftOut, unlisted, selected, rejected } = totals;
    const places = {
      shortlisted,
      leftOutCap: leftOut.cap,
      leftOutNearDuplicate: leftOut.nearDuplicate,
      unlisted,
      selected,
      rejected,
    };
    for (const [place, count] of Object.entries(places)) this.#shortlisted.set({ collection, place }, count);
  }

  #setWork({ collection, totals, openQueries, bytes, workers }: Measures): void {
    const left = { discover: openQueries, fetch: totals.waiting, filter: totals.decided.undecided };
    for (const [stage, count] of Object.entries(left)) this.#backlog.set({ collection, stage }, count);
    for (const state of ['stored', 'pruning', 'pruned'] as const) {
      const counted = bytes.find((one) => one.state === state);
      this.#storedPhotos.set({ collection, state }, counted?.photos ?? 0);
      this.#storedBytes.set({ collection, state }, counted?.bytes ?? 0);
    }
    for (const name of SERVICES) this.#workers.set({ collection, name }, 0);
    for (const { name } of workers) this.#workers.inc({ collection, name });
  }

  #setBudgets({ collection, budgets }: Measures): void {
    for (const standing of budgets.filter(isOfSource)) {
      const { key, waits } = standing;
      for (const budget of BUDGETS) {
        const of = standing[budget];
        if (of === null) continue;
        this.#budgetLeft.set({ collection, key, budget }, of.left);
        this.#budgetLimit.set({ collection, key, budget }, of.limit);
      }
      if (waits !== null) this.#waits.set({ collection, key, reason: waits.reason }, 1);
    }
  }

  #setPauses({ collection, pauses }: Measures): void {
    for (const stage of PAUSABLE_STAGES) {
      const holding = pauses.filter((pause) => pause.stage === stage);
      this.#paused.set({ collection, stage }, holding.length > 0 ? 1 : 0);
      this.#inHand.set({ collection, stage }, Math.max(0, ...holding.map(({ inHand }) => inHand)));
    }
  }
}

/** Hosts come by the thousand; sources, and the pictures of each, are a closed list. */
function isOfSource({ key }: KeyBudget): boolean {
  return /^(source|media):/.test(key);
}
