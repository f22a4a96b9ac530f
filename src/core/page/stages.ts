import type { Funnel, Totals } from '../kernel/funnel.ts';
import { countText } from '../kernel/texts.ts';
import type { PhotoFilter, PhotoState } from '../kernel/photo-filter.ts';
import type { FunnelStage } from './funnel.tsx';

/** The address of the photos that a number of the funnel counts. Undefined if they are not shown. */
export type FunnelLinkOf = (filter: Partial<PhotoFilter>) => string | undefined;

/** The funnel of a collection, a class or a source: each stage with what it lost. The last one is there once a photo was reviewed. */
export function stagesOf(totals: Totals, linkOf?: FunnelLinkOf): FunnelStage[] {
  const hrefOf = (state: PhotoState, reason?: string): string | undefined =>
    linkOf?.({ state: [state], ...(reason === undefined ? {} : { reason: [reason] }) });
  return partsOf(totals).map(([name, count, state, lost]) => ({
    name,
    count,
    href: hrefOf(state),
    lost: lost
      .filter(([, photos]) => photos > 0)
      .map(([text, photos, ...of]) => ({ reason: text, count: photos, href: hrefOf(...of) })),
  }));
}

/** Says how many photos there are, each counted once. Empty unless some were found for several classes. */
export function severalClassesText({ totals, distinctPhotos }: Pick<Funnel, 'totals' | 'distinctPhotos'>): string {
  if (totals.fetched - totals.duplicates === distinctPhotos) return '';
  return `${countText(distinctPhotos)} distinct photos: some were found for several classes, and count in each.`;
}

type Stage = readonly [name: string, count: number, state: PhotoState, lost: readonly Loss[]];
type Loss = readonly [text: string, count: number, state: PhotoState, reason?: string];

function partsOf(totals: Totals): Stage[] {
  const { leftOut } = totals;
  const refused = [...reasonsOf(totals.dropped, 'dropped'), ...reasonsOf(totals.failed, 'failed')];
  const left: readonly Loss[] = [
    ['cap', leftOut.cap, 'left-out', 'cap'],
    ['near-duplicate', leftOut.nearDuplicate, 'left-out', 'near-duplicate'],
    ['past the target', leftOut.target, 'left-out', 'target'],
    ['not ranked yet', totals.unlisted, 'unlisted'],
  ];
  const verdicts: readonly Loss[] = [
    ['rejected', totals.rejected, 'rejected'],
    ['unsure', totals.unsure, 'unsure'],
    ['disputed', totals.disputed, 'disputed'],
    ['unreviewed', totals.unreviewed, 'open'],
  ];
  const isReviewed = totals.unreviewed < totals.shortlisted;
  const photos = totals.fetched - totals.duplicates;
  return [
    ['found', totals.found, 'found', []],
    ['fetched', totals.fetched, 'fetched', [...refused, ['waiting', totals.waiting, 'waiting']]],
    ['photos by class', photos, 'distinct', [['duplicates', totals.duplicates, 'duplicate']]],
    ['kept', totals.decided.kept, 'kept', notKept(totals)],
    ['listed', totals.shortlisted, 'listed', left],
    ...(isReviewed ? ([['accepted', totals.selected, 'accepted', verdicts]] as const) : []),
  ];
}

function notKept({ decided, poisoned }: Totals): Loss[] {
  return [
    ['correct', decided.correct, 'dropped', 'correct'],
    ['confident', decided.confident, 'dropped', 'confident'],
    ['not confident', decided.notConfident, 'dropped', 'not-confident'],
    ['of another class', decided.otherClass, 'dropped', 'other-class'],
    ['in a reference set', decided.inReferenceSet, 'dropped', 'in-reference-set'],
    ['undecodable', decided.failed - poisoned, 'failed', 'undecodable'],
    ['poison', poisoned, 'failed', 'poison'],
    ['undecided', decided.undecided, 'undecided'],
  ];
}

function reasonsOf(counts: Readonly<Record<string, number>>, state: PhotoState): Loss[] {
  return Object.entries(counts).map(([reason, count]) => [reason, count, state, reason]);
}
