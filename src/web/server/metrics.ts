import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Measures } from '../status/overview.process.ts';
import { workMetrics } from '../../core/runtime/work/work-metrics.ts';
import { PAUSABLE_STAGES } from '../../core/collection/pause.ts';
import type { KeyBudget } from '../../core/crawl/network/budget.ts';
import type { Totals } from '../../core/kernel/funnel.ts';
import type { ByReader, Reader } from '../../core/kernel/people.ts';

/** Always exported, even when 0, so that a missing worker shows as 0. */
const SERVICES = ['discover-worker', 'fetch-worker', 'filter-worker', 'server'];
const BUDGETS = ['requestsPerMinute', 'requestsPerDay', 'bytesPerHour', 'bytesPerDay'] as const;

/** Labels are bounded: collections, sources, states and closed lists of reasons; never a class, host or URL. */
function gaugesIn(registry: Registry) {
  const gauge = (name: string, help: string, ...labels: readonly string[]): Gauge =>
    new Gauge({ name, help, labelNames: ['collection', ...labels], registers: [registry] });
  return {
    candidates: gauge('winnow_candidates', 'Candidates by what became of them', 'source', 'state'),
    refused: gauge('winnow_candidates_refused', 'Candidates dropped or failed, by reason', 'state', 'reason'),
    photos: gauge('winnow_photos', 'Distinct photos of the classes, by decision', 'decision'),
    backlog: gauge(
      'winnow_backlog',
      'What is left to do by stage: queries to ask, pictures to fetch, photos to decide',
      'stage',
    ),
    storedPhotos: gauge(
      'winnow_stored_photos',
      'Photos of the catalogue, by whether their bytes are stored; counted again once a minute at most',
      'state',
    ),
    storedBytes: gauge('winnow_stored_bytes', 'Their bytes', 'state'),
    budgetLeft: gauge('winnow_budget_left', 'Requests and bytes that a site may still be asked for', 'key', 'budget'),
    budgetLimit: gauge('winnow_budget_limit', 'Of how many', 'key', 'budget'),
    waits: gauge('winnow_source_waits', '1 while a source must be left alone, by reason', 'key', 'reason'),
    paused: gauge('winnow_stage_paused', '1 while an operator has paused the stage', 'stage'),
    pausedSeconds: gauge(
      'winnow_stage_paused_seconds',
      'For how long the stage has been paused; 0 if it is not',
      'stage',
    ),
    inHand: gauge('winnow_jobs_draining', 'Jobs in progress of a stage that is paused', 'stage'),
    workers: gauge('winnow_processes', 'Connected winnow processes, by what they do', 'name'),
  };
}

/** Kept photos by place, in a registry of its own, because readers without an operator's token see other numbers. */
function shortlistedIn(registry: Registry): Gauge {
  const help = 'Kept photos, by place in the shortlist';
  return new Gauge({
    name: 'winnow_shortlist_photos',
    help,
    labelNames: ['collection', 'place'],
    registers: [registry],
  });
}

/** Metrics for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export class Metrics {
  readonly #registry = new Registry();
  readonly #gauges = gaugesIn(this.#registry);
  readonly #registryFor: ByReader<Registry> = { operators: new Registry(), others: new Registry() };
  readonly #shortlistedFor: ByReader<Gauge> = {
    operators: shortlistedIn(this.#registryFor.operators),
    others: shortlistedIn(this.#registryFor.others),
  };
  readonly #read: () => Promise<readonly Measures[]>;

  constructor(read: () => Promise<readonly Measures[]>) {
    this.#read = read;
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(reader: Reader): Promise<string> {
    const all = await this.#read();
    for (const gauge of [...Object.values(this.#gauges), ...Object.values(this.#shortlistedFor)]) gauge.reset();
    for (const measures of all) {
      this.#setFunnel(measures);
      setShortlisted(this.#shortlistedFor.operators, measures.collection, measures.totals);
      setShortlisted(this.#shortlistedFor.others, measures.collection, measures.totalsForOthers);
      this.#setWork(measures);
      this.#setBudgets(measures);
      this.#setPauses(measures);
    }
    // The work of this process. Each worker serves its own.
    return Registry.merge([this.#registry, this.#registryFor[reader], workMetrics]).metrics();
  }

  #setFunnel({ collection, totals, sources }: Measures): void {
    for (const { source, ...row } of sources)
      for (const state of ['found', 'waiting', 'fetched'] as const)
        this.#gauges.candidates.set({ collection, source, state }, row[state]);
    for (const state of ['dropped', 'failed'] as const) {
      for (const [reason, count = 0] of Object.entries(totals[state]))
        this.#gauges.refused.set({ collection, state, reason }, count);
    }
    for (const [decision, count] of Object.entries(totals.decided))
      this.#gauges.photos.set({ collection, decision }, count);
  }

  #setWork({ collection, totals, unfinishedQueries, bytes, workers }: Measures): void {
    const left = { discover: unfinishedQueries, fetch: totals.waiting, filter: totals.decided.undecided };
    for (const [stage, count] of Object.entries(left)) this.#gauges.backlog.set({ collection, stage }, count);
    for (const state of ['stored', 'pruning', 'pruned'] as const) {
      const counted = bytes.find((one) => one.state === state);
      this.#gauges.storedPhotos.set({ collection, state }, counted?.photos ?? 0);
      this.#gauges.storedBytes.set({ collection, state }, counted?.bytes ?? 0);
    }
    for (const name of SERVICES) this.#gauges.workers.set({ collection, name }, 0);
    for (const { name } of workers) this.#gauges.workers.inc({ collection, name });
  }

  #setBudgets({ collection, budgets }: Measures): void {
    for (const keyState of budgets.filter(isOfSource)) {
      const { key, waits } = keyState;
      for (const budget of BUDGETS) {
        const of = keyState[budget];
        if (of === null) continue;
        this.#gauges.budgetLeft.set({ collection, key, budget }, of.left);
        this.#gauges.budgetLimit.set({ collection, key, budget }, of.limit);
      }
      if (waits !== null) this.#gauges.waits.set({ collection, key, reason: waits.reason }, 1);
    }
  }

  #setPauses({ collection, pauses, at }: Measures): void {
    for (const stage of PAUSABLE_STAGES) {
      const holding = pauses.filter((pause) => pause.stage === stage);
      this.#gauges.paused.set({ collection, stage }, holding.length > 0 ? 1 : 0);
      const sinceMs = holding.map(({ since }) => Date.parse(at) - since.getTime());
      this.#gauges.pausedSeconds.set({ collection, stage }, Math.max(0, ...sinceMs) / 1000);
      this.#gauges.inHand.set({ collection, stage }, Math.max(0, ...holding.map(({ inHand }) => inHand)));
    }
  }
}

function setShortlisted(gauge: Gauge, collection: string, totals: Totals): void {
  const { shortlisted, leftOut, unlisted, selected, rejected, unsure, disputed, unreviewed } = totals;
  const left = { leftOutCap: leftOut.cap, leftOutNearDuplicate: leftOut.nearDuplicate, leftOutTarget: leftOut.target };
  const places = { shortlisted, ...left, unlisted, selected, rejected, unsure, disputed, unreviewed };
  for (const [place, count] of Object.entries(places)) gauge.set({ collection, place }, count);
}

/** Hosts come by the thousand; sources, and the pictures of each, are a closed list. */
function isOfSource({ key }: KeyBudget): boolean {
  return /^(source|media):/.test(key);
}
