import type { ReviewFilter, ReviewPhoto } from '../../../core/review/desk/desk.ts';
import { Chips, type FilterChip } from '../grid/bar.tsx';
import type { Desk } from './desk.ts';
import type { PhotoChange } from './store/photo-cache.ts';
import { tagText } from '../../../core/kernel/texts.ts';
import { REASON_TEXTS } from './words.ts';

export function chipsOf(filter: ReviewFilter, nameOf: (wnid: string) => string): FilterChip<ReviewFilter>[] {
  const { wnid, confusion, source, state, reason, tag, flagged, pMin, pMax, by, judged, verdict } = filter;
  const texts: readonly (readonly [keyof ReviewFilter, string | undefined])[] = [
    ['state', state],
    ['wnid', wnid && `searched as ${nameOf(wnid)}`],
    ['confusion', confusion && `models see ${nameOf(confusion)}`],
    ['source', source && `from ${source}`],
    ['reason', reason && REASON_TEXTS[reason]],
    ['tag', tag && `tagged ${tagText(tag)}`],
    ['flagged', flagged === true ? 'flagged' : undefined],
    ['by', by && `judged by ${by}`],
    ['judged', judged && `judged ${judged}`],
    ['verdict', verdict && `verdict: ${verdict}`],
    ['pMin', pMin === undefined ? undefined : `p from ${pMin}`],
    ['pMax', pMax === undefined ? undefined : `p up to ${pMax}`],
  ];
  return texts.flatMap(([part, text]) =>
    text === undefined ? [] : [{ text, without: { ...filter, [part]: undefined } }],
  );
}

export function isGone({ state, reason, mine }: PhotoChange | ReviewPhoto, filter: ReviewFilter): boolean {
  const hasOtherState = state !== undefined && filter.state !== undefined && state !== filter.state;
  const hasOtherReason = state !== undefined && filter.reason !== undefined && reason !== filter.reason;
  return hasOtherState || hasOtherReason || (filter.flagged === true && mine?.flagged === false);
}

export function FilterChips({ desk }: { readonly desk: Desk }) {
  const view = desk.view.value;
  const chips = chipsOf(view.filter, (wnid) => desk.nameOf(wnid));
  return <Chips chips={chips} onGo={(filter) => desk.go({ ...view, filter, photo: undefined })} />;
}
