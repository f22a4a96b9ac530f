import type { ReviewFilter, ReviewPhoto } from '../../review/desk/desk.ts';
import { REASON_TEXTS, STATE_TEXTS } from './words.ts';

export const STATES = ['open', 'accepted', 'rejected', 'unsure', 'disputed'] as const;

/** A removable part of a filter. */
export interface FilterChip {
  readonly text: string;
  /** The filter without it. */
  readonly without: ReviewFilter;
}

/** The parts of a filter in words. */
export function chipsOf(filter: ReviewFilter, nameOf: (wnid: string) => string): FilterChip[] {
  const { wnid, confusion, source, state, reason, tag, flagged, noise } = filter;
  const texts: readonly (readonly [keyof ReviewFilter, string | undefined])[] = [
    ['state', state && STATE_TEXTS[state]],
    ['wnid', wnid && `searched as ${nameOf(wnid)}`],
    ['confusion', confusion && `models see ${nameOf(confusion)}`],
    ['source', source && `from ${source}`],
    ['reason', reason && REASON_TEXTS[reason]],
    ['tag', tag && `tagged ${tag}`],
    ['flagged', flagged === true ? 'flagged' : undefined],
    ['noise', noise === true ? 'all models agree' : undefined],
    ['pMin', filter.pMin === undefined ? undefined : `p from ${filter.pMin}`],
    ['pMax', filter.pMax === undefined ? undefined : `p up to ${filter.pMax}`],
  ];
  return texts.flatMap(([part, text]) =>
    text === undefined ? [] : [{ text, without: { ...filter, [part]: undefined } }],
  );
}

/** A change that this page made to a photo. */
export interface PhotoChange {
  readonly state?: ReviewPhoto['state'];
  readonly reason?: ReviewPhoto['reason'];
  readonly flagged?: boolean;
}

/** True if a change makes a photo fail the filter. */
export function isGone({ state, reason, flagged }: PhotoChange, filter: ReviewFilter): boolean {
  const hasOtherState = state !== undefined && filter.state !== undefined && state !== filter.state;
  const hasOtherReason = state !== undefined && filter.reason !== undefined && reason !== filter.reason;
  return hasOtherState || hasOtherReason || (filter.flagged === true && flagged === false);
}
