import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Overview } from '../app/overview.ts';

/**
 * Metrics for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). Labels are bounded: the collection,
 * the sources, states and reasons of closed lists; never a class, a host or a URL.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #read: () => Promise<Overview>;

  constructor(read: () => Promise<Overview>) {
    this.#read = read;
    collectDefaultMetrics({ register: this.#registry });
    const register = (name: string, help: string, labels: readonly string[]): Gauge =>
      new Gauge({ name, help, labelNames: ['collection', ...labels], registers: [this.#registry] });
    this.#candidates = register('winnow_candidates', 'Candidates by what became of them', ['source', 'state']);
    this.#refused = register('winnow_candidates_refused', 'Candidates dropped or failed, by reason', [
      'state',
      'reason',
    ]);
    this.#photos = register('winnow_photos', 'Distinct photos of the classes, by decision', ['decision']);
    this.#shortlisted = register('winnow_shortlist_photos', 'Kept photos, by place in the shortlist', ['place']);
    this.#workers = register('winnow_processes', 'Connected winnow processes, by what they do', ['name']);
  }

  readonly #candidates: Gauge;
  readonly #refused: Gauge;
  readonly #photos: Gauge;
  readonly #shortlisted: Gauge;
  readonly #workers: Gauge;

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    this.#set(await this.#read());
    return this.#registry.metrics();
  }

  #set({ collection, totals, sources, workers }: Overview): void {
    for (const { source, found, waiting, fetched } of sources) {
      this.#candidates.set({ collection, source, state: 'found' }, found);
      this.#candidates.set({ collection, source, state: 'waiting' }, waiting);
      this.#candidates.set({ collection, source, state: 'fetched' }, fetched);
    }
    this.#refused.reset();
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
    this.#workers.reset();
    for (const { name } of workers) this.#workers.inc({ collection, name });
  }
}
