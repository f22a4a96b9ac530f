import { isSha256, type Sha256 } from './ids.ts';
import { PERSON_NAME_RULE, personName } from './people.ts';
import {
  DROPPED_REASONS,
  FAILED_DECISION_REASONS,
  FAILED_REASONS,
  isCandidateReason,
  MODE_O_REJECT_REASONS,
  REJECT_REASONS,
} from './reasons.ts';

/**
 * The steps and outcomes of the funnel, in its order, with their texts. Up to `duplicate` and in `dropped` and `failed` they are of
 * candidates. The others are of the distinct photos of a class, each shown as the candidate that brought it first.
 * `dropped` and `failed`: in the crawl or by the filter; a reason tells them apart.
 */
export const PHOTO_STATES = {
  found: 'found',
  waiting: 'waiting',
  dropped: 'dropped',
  failed: 'failed',
  fetched: 'fetched',
  duplicate: 'duplicate',
  distinct: 'distinct',
  undecided: 'undecided',
  pruned: 'pruned',
  kept: 'kept',
  'left-out': 'left out',
  unlisted: 'not ranked yet',
  listed: 'listed',
  open: 'open',
  accepted: 'accepted',
  rejected: 'rejected',
  unsure: 'unsure',
  disputed: 'disputed',
} as const;
export type PhotoState = keyof typeof PHOTO_STATES;

/** Reasons for which the filter drops a photo, or fails to decide it. */
export const FILTER_REASONS = [
  'correct',
  'confident',
  'not-confident',
  'other-class',
  'in-reference-set',
  ...FAILED_DECISION_REASONS,
] as const;
export const LEFT_OUT_REASONS = ['cap', 'near-duplicate', 'target'] as const;
/** `near-duplicate` is a reason to leave a photo out and to reject it. A state tells them apart. */
export const PHOTO_REASONS: readonly string[] = [
  ...new Set([
    ...DROPPED_REASONS,
    ...FAILED_REASONS,
    ...FILTER_REASONS,
    ...LEFT_OUT_REASONS,
    ...REJECT_REASONS,
    ...MODE_O_REJECT_REASONS,
  ]),
];

export const PHOTO_SPLITS = ['test', 'control'] as const;
/** Standing verdicts of people. `overruled`: the photo's state says otherwise. */
export const PHOTO_VERDICTS = ['accept', 'reject', 'unsure', 'overruled'] as const;
export type PhotoVerdict = (typeof PHOTO_VERDICTS)[number];
/** The most photos that a gallery lists, so that a browser can hold and scroll them. */
export const MOST_LISTED = 100_000;
/**
 * `p`: the lowest p of the searched class first; `time`: the newest first; `confusion`: the surest first; `taken`, `uploaded`: the
 * latest first, and photos without a day last. `-` turns it round.
 */
export const PHOTO_SORTS = [
  'time',
  '-time',
  'p',
  '-p',
  'confusion',
  '-confusion',
  'taken',
  '-taken',
  'uploaded',
  '-uploaded',
] as const;
export const PHOTO_SIZES = ['small', 'medium', 'large'] as const;

/** States of candidates, which say nothing about the filter, the shortlist and verdicts. */
const CRAWL_STATES: ReadonlySet<string> = new Set(['found', 'waiting', 'dropped', 'failed', 'fetched', 'duplicate']);

/** False if a value of the filter asks for more than what the crawl knows, which is all that an open blind review shows. */
export function isOfCrawl(name: string, value: string): boolean {
  if (name === 'state') return CRAWL_STATES.has(value);
  if (name === 'reason') return isCandidateReason(value);
  if (name === 'sort') return /^-?(?:time|taken|uploaded)$/.test(value);
  return !['seen', 'tag', 'split'].includes(name);
}

/** `state=kept`: a part of the filter that asks for more than what the crawl knows. Null if there is none. */
export function beyondCrawl(filter: Partial<PhotoFilter>): string | null {
  if (filter.disagree === true) return 'disagree=1';
  for (const [name, given] of Object.entries(filter)) {
    const value = [given].flat().find((one) => !isOfCrawl(name, String(one)));
    if (value !== undefined) return `${name}=${String(value)}`;
  }
  return null;
}

/** The photos that the gallery shows. Values of one list are alternatives; an empty list limits nothing. */
export interface PhotoFilter {
  readonly state: readonly PhotoState[];
  readonly reason: readonly string[];
  /** Ids of the classes that the photos were searched as. */
  readonly class: readonly string[];
  /** Ids of the classes that the models see. */
  readonly seen: readonly string[];
  readonly source: readonly string[];
  readonly licence: readonly string[];
  readonly tag: readonly string[];
  readonly split: readonly (typeof PHOTO_SPLITS)[number][];
  /** True: only photos in which the members see different classes. */
  readonly disagree: boolean;
  /** In file names, class names, creators and notes; '' for any. */
  readonly text: string;
  /** The day or days (UTC) on which the candidate was found: `2026-11-30` or `2026-11-01..2026-11-30`; '' for any. */
  readonly date: string;
  /** The day or days on which the photo was taken, and uploaded, as `date`; '' for any. */
  readonly taken: string;
  readonly uploaded: string;
  /** The person of a standing verdict; '' for any. One and the same verdict meets `by`, `judged` and `verdict`. */
  readonly by: string;
  /** The day or days (UTC) of a standing verdict, as `date`; '' for any. */
  readonly judged: string;
  readonly verdict: readonly PhotoVerdict[];
  /** Without effect with `like`: the most similar photo is first. */
  readonly sort: (typeof PHOTO_SORTS)[number];
  /** The photo that the first photos look like. */
  readonly like: Sha256 | null;
  readonly size: (typeof PHOTO_SIZES)[number];
  /** The photo whose card is open: the number of a candidate, or SHA256.CLASS. */
  readonly photo: string;
}

export const EVERY_PHOTO: PhotoFilter = {
  state: [],
  reason: [],
  class: [],
  seen: [],
  source: [],
  licence: [],
  tag: [],
  split: [],
  disagree: false,
  text: '',
  date: '',
  taken: '',
  uploaded: '',
  by: '',
  judged: '',
  verdict: [],
  sort: 'time',
  like: null,
  size: 'medium',
  photo: '',
};

interface ParsedFilter {
  readonly filter: PhotoFilter;
  /** Says which part of the address cannot be used, quotes it and says what fits; null if all can. That part limits nothing. */
  readonly problem: string | null;
}

/** Reads the query of a gallery's address. `photosPath` writes it. */
export function parsePhotoFilter(query: URLSearchParams): ParsedFilter {
  const problems: string[] = [];
  const refuse = (name: string, value: string, fits: string): void => {
    problems.push(unfitText(name, value, fits));
  };
  const among = <T extends string>(name: string, known: readonly T[]): T[] =>
    query.getAll(name).flatMap((value) => {
      const found = known.find((one) => one === value);
      if (found === undefined) refuse(name, value, `one of ${known.join(', ')}`);
      return found ?? [];
    });
  const text = (name: string, fits: string, isFit: (value: string) => boolean): string => {
    const value = query.get(name) ?? '';
    if (value === '' || isFit(value)) return value;
    refuse(name, value, fits);
    return '';
  };
  const days = (name: string): string => text(name, DAYS_RULE, (value) => dayRangeOf(value) !== null);
  for (const name of new Set(query.keys()))
    if (!Object.hasOwn(EVERY_PHOTO, name)) refuse(name, query.get(name) ?? '', Object.keys(EVERY_PHOTO).join(', '));
  const like = text('like', 'the SHA-256 of a photo: 64 lower-case hex digits', isSha256);
  const filter: PhotoFilter = {
    state: among('state', stateNames()),
    reason: among('reason', PHOTO_REASONS),
    class: query.getAll('class'),
    seen: query.getAll('seen'),
    source: query.getAll('source'),
    licence: query.getAll('licence'),
    tag: query.getAll('tag'),
    split: among('split', PHOTO_SPLITS),
    disagree: among('disagree', ['1']).length > 0,
    text: text('text', 'at most 200 characters, or an address of at most 2,000', isShort),
    date: days('date'),
    taken: days('taken'),
    uploaded: days('uploaded'),
    by: text('by', `a name: ${PERSON_NAME_RULE}`, (value) => personName(value) !== null),
    judged: days('judged'),
    verdict: among('verdict', PHOTO_VERDICTS),
    sort: among('sort', PHOTO_SORTS)[0] ?? EVERY_PHOTO.sort,
    like: isSha256(like) ? like : null,
    size: among('size', PHOTO_SIZES)[0] ?? EVERY_PHOTO.size,
    photo: text('photo', 'the number of a candidate, or SHA256.CLASS of a photo', (value) =>
      /^([1-9]\d{0,14}|[0-9a-f]{64}\..{1,100})$/.test(value),
    ),
  };
  return { filter, problem: problems[0] ?? null };
}

export function unfitText(name: string, value: string, fits: string): string {
  return `The address has ${name}=${value.slice(0, 100)}, which is unknown. Give ${fits}.`;
}

function stateNames(): PhotoState[] {
  const isState = (name: string): name is PhotoState => Object.hasOwn(PHOTO_STATES, name);
  return Object.keys(PHOTO_STATES).filter(isState);
}

/** One and the same standing verdict meets all parts. */
export interface VerdictFilter {
  /** The person; '' or absent for any. */
  readonly by?: string | undefined;
  /** The day or days (UTC), as `PhotoFilter.date`; '' or absent for any. */
  readonly judged?: string | undefined;
  /** One of them; empty or absent for any. */
  readonly verdict?: PhotoVerdict | readonly PhotoVerdict[] | undefined;
}

export function isOfVerdicts({ by = '', judged = '', verdict = [] }: VerdictFilter): boolean {
  return by !== '' || judged !== '' || verdict.length > 0;
}

export const DAYS_RULE = 'a day such as 2026-11-30, or two as 2026-11-01..2026-11-30';

const isShort = (text: string): boolean => text.length <= (/^https?:\/\//.test(text) ? 2000 : 200);

/** The first and last day of a range; null if the text is none, or if the range ends before it starts. */
export function dayRangeOf(date: string): readonly [from: string, to: string] | null {
  const [, from = '', to = from] = /^(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?$/.exec(date) ?? [];
  return isDay(from) && isDay(to) && from <= to ? [from, to] : null;
}

/** `Date` takes 31 February for 3 March, and has a year 0, which PostgreSQL refuses. */
function isDay(day: string): boolean {
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day) && day >= '0001';
}

/** The query of a filter without what `EVERY_PHOTO` has. */
export function photosQuery(filter: Partial<PhotoFilter>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter))
    if (Array.isArray(value)) for (const one of value) query.append(name, String(one));
    else if (value !== Reflect.get(EVERY_PHOTO, name)) query.set(name, value === true ? '1' : String(value));
  return query.toString();
}

/** The address of a gallery: `photosPath('birds', { state: ['kept'], class: ['n01440764'] })`. */
export function photosPath(collection: string, filter: Partial<PhotoFilter> = {}): string {
  const query = photosQuery(filter);
  return `/c/${encodeURIComponent(collection)}/photos${query === '' ? '' : `?${query}`}`;
}
