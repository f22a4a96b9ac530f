import type { Totals } from '../kernel/funnel.ts';
import type { FunnelStage } from './funnel.tsx';

/** The funnel of a collection, a class or a source: each stage with what it lost. The last one is there once a photo was reviewed. */
export function stagesOf(totals: Totals): FunnelStage[] {
  const { decided, leftOut } = totals;
  return [
    { name: 'found', count: totals.found },
    {
      name: 'fetched',
      count: totals.fetched,
      lost: lostOf({ ...totals.dropped, ...totals.failed, waiting: totals.waiting }),
    },
    {
      name: 'distinct photos',
      count: totals.fetched - totals.duplicates,
      lost: lostOf({ duplicates: totals.duplicates }),
    },
    {
      name: 'kept',
      count: decided.kept,
      lost: lostOf({
        correct: decided.correct,
        confident: decided.confident,
        'not confident': decided.notConfident,
        'of another class': decided.otherClass,
        'in a reference set': decided.inReferenceSet,
        undecodable: decided.failed - totals.poisoned,
        poison: totals.poisoned,
        undecided: decided.undecided,
      }),
    },
    {
      name: 'listed',
      count: totals.shortlisted,
      lost: lostOf({
        cap: leftOut.cap,
        'near-duplicate': leftOut.nearDuplicate,
        'past the target': leftOut.target,
        'not ranked yet': totals.unlisted,
      }),
    },
    ...(totals.unreviewed === totals.shortlisted ? [] : [acceptedOf(totals)]),
  ];
}

function acceptedOf({ selected, rejected, unsure, disputed, unreviewed }: Totals): FunnelStage {
  return { name: 'accepted', count: selected, lost: lostOf({ rejected, unsure, disputed, unreviewed }) };
}

function lostOf(counts: Readonly<Record<string, number | undefined>>): { reason: string; count: number }[] {
  return Object.entries(counts).flatMap(([reason, count]) =>
    count === undefined || count === 0 ? [] : [{ reason, count }],
  );
}
