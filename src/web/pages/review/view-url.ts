import type { ReviewFilter, ReviewOrder } from '../../../core/review/desk/desk.ts';
import type { Subject } from '../../../core/review/events/event.ts';
import { PHOTO_VERDICTS } from '../../../core/kernel/photo-filter.ts';
import { isSha256 } from '../../../core/kernel/ids.ts';
import type { RejectReason } from '../../../core/kernel/reasons.ts';
import { ORDER_TEXTS, REASON_TEXTS, STATES } from './words.ts';

export interface ReviewView {
  readonly filter: ReviewFilter;
  /** Optional; defaults to the first order of the server. */
  readonly order?: ReviewOrder | undefined;
  /** Number of photos of all classes, balanced over confusions. Optional; defaults to class by class. */
  readonly balanced?: number | undefined;
  readonly photo?: Subject | undefined;
}

/** Parses a query such as `?class=n01440764&state=open`. Invalid parts are ignored. */
export function parseView(search: string): ReviewView {
  const query = new URLSearchParams(search);
  const text = (name: string): string | undefined => query.get(name) ?? undefined;
  const filter: ReviewFilter = {
    wnid: text('class'),
    confusion: text('as'),
    source: text('source'),
    state: STATES.find((one) => one === text('state')),
    reason: oneOf<RejectReason>(REASON_TEXTS, text('reason')),
    tag: text('tag'),
    by: text('by'),
    judged: text('judged'),
    verdict: PHOTO_VERDICTS.find((one) => one === text('verdict')),
    flagged: text('flagged') === '1' ? true : undefined,
    pMin: shareIn(text('p-min')),
    pMax: shareIn(text('p-max')),
  };
  return {
    filter,
    order: oneOf<ReviewOrder>(ORDER_TEXTS, text('order')),
    balanced: wholeIn(text('balanced')),
    photo: subjectIn(text('photo')),
  };
}

/** The query of a view, with its `?`; empty if the view limits nothing. `parseView` reads it back. */
export function searchOf({ filter, order, balanced, photo }: ReviewView): string {
  const parts: Readonly<Record<string, string | number | undefined>> = {
    class: filter.wnid,
    as: filter.confusion,
    source: filter.source,
    state: filter.state,
    reason: filter.reason,
    tag: filter.tag,
    by: filter.by,
    judged: filter.judged,
    verdict: filter.verdict,
    flagged: filter.flagged === true ? '1' : undefined,
    'p-min': filter.pMin,
    'p-max': filter.pMax,
    order,
    balanced,
    photo: photo === undefined ? undefined : `${photo.sha256}.${photo.wnid}`,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}

export type ReviewPage = '' | 'grid' | 'classes' | 'disputes' | 'agreement' | `class/${string}`;

export const classHref = (collection: string, wnid: string): string =>
  hrefOf(collection, `class/${encodeURIComponent(wnid)}`);

export function hrefOf(collection: string, page: ReviewPage, view: ReviewView = { filter: {} }): string {
  const below = page === '' ? '' : `/${page}`;
  return `/c/${encodeURIComponent(collection)}/review${below}${searchOf(view)}`;
}

function oneOf<T extends string>(texts: Readonly<Record<T, string>>, value: string | undefined): T | undefined {
  const isKey = (text: string): text is T => Object.hasOwn(texts, text);
  return value !== undefined && isKey(value) ? value : undefined;
}

function shareIn(text: string | undefined): number | undefined {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return value >= 0 && value <= 1 ? value : undefined;
}

function wholeIn(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,2}$/.test(text) ? Number(text) : undefined;
}

/** Reads `SHA.WNID`. */
export function subjectIn(text: string | undefined): Subject | undefined {
  const [, sha256, wnid] = /^([^.]*)\.(.+)$/.exec(text ?? '') ?? [];
  return wnid !== undefined && sha256 !== undefined && isSha256(sha256) ? { sha256, wnid } : undefined;
}
