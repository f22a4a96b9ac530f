import type { QueryReport } from '../crawl/candidates/query.repository.ts';
import { rowsBy, sumOf, type FunnelCounts } from './funnel.ts';
import type { Funnel, Totals } from '../kernel/funnel.ts';

/** If several found the same bytes, these are fetched for each, but kept for the first only: a yield is what a query adds. */
export interface Yield {
  readonly fetched: number;
  readonly kept: number;
  /** kept / fetched; null before a photo was fetched. */
  readonly yield: number | null;
}

export interface QueryYield extends Yield, Omit<QueryReport, 'id' | 'notBefore' | 'completedAt'> {
  readonly class: string;
  readonly waiting: number;
  readonly dropped: number;
  readonly failed: number;
  /** When it continues, if it has to wait. */
  readonly goesOn: string | null;
  /** When it was last listed to its end. */
  readonly completedAt: string | null;
}

export interface Yields {
  readonly total: Yield;
  readonly classes: readonly (Yield & { readonly wnid: string; readonly name: string })[];
  readonly sources: readonly (Yield & { readonly source: string })[];
}

export function yieldOf({ fetched, decided: { kept } }: Pick<Totals, 'fetched' | 'decided'>): Yield {
  return { fetched, kept, yield: fetched === 0 ? null : kept / fetched };
}

export function yieldsOf({ totals, classes, sources }: Pick<Funnel, 'totals' | 'classes' | 'sources'>): Yields {
  return {
    total: yieldOf(totals),
    classes: classes.flatMap((row) =>
      row.wnid === null || row.found === 0 ? [] : [{ wnid: row.wnid, name: row.name, ...yieldOf(row) }],
    ),
    sources: sources.map((row) => ({ source: row.source, ...yieldOf(row) })),
  };
}

/** Every search with its results, and the plans that are open, were refused, or have a note. */
export function queryYields(
  reports: readonly QueryReport[],
  counts: FunnelCounts,
  nameOf: (wnid: string) => string,
): QueryYield[] {
  const totalsOf = rowsBy(counts, ({ queryId }) => queryId);
  return reports
    .filter(
      ({ kind, state, problems, notes }) => kind === 'search' || state !== 'done' || problems.length + notes.length > 0,
    )
    .map(({ id, notBefore, completedAt, source, wnid, ...report }) => {
      const totals = totalsOf(id);
      return {
        source,
        wnid,
        class: nameOf(wnid),
        ...report,
        waiting: totals.waiting,
        dropped: sumOf(totals.dropped),
        failed: sumOf(totals.failed),
        ...yieldOf(totals),
        goesOn: report.state === 'open' && notBefore !== null ? notBefore.toISOString() : null,
        completedAt: completedAt?.toISOString() ?? null,
      };
    });
}
