import type { RejectReason } from '../kernel/reasons.ts';
import type { Judgement, ReviewEvent, ReviewVerdict, ShownBy } from './event.ts';

export const VERDICT_STATES = ['unreviewed', 'accepted', 'rejected', 'unsure', 'disputed'] as const;
export type VerdictState = (typeof VERDICT_STATES)[number];

/** What decided: one review, two that agree, a person who settled a dispute, or a review that was imported. */
export type DecidedBy = 'single' | 'agreement' | 'adjudication' | 'import';

/** What the reviews of a photo and class come to. */
export interface Verdict {
  readonly state: VerdictState;
  /** Why the photo is rejected: the first reason in the deciding reviews. Null for other states. */
  readonly reason: RejectReason | null;
  /** The tags of all reviewers, sorted. */
  readonly tags: readonly string[];
  /** The notes of all reviewers, a line each. */
  readonly note: string;
  /** Whether a reviewer has flagged the photo. */
  readonly flagged: boolean;
  /** Null while nothing is decided: unreviewed or disputed. */
  readonly decidedBy: DecidedBy | null;
  /** What each reviewer says now, in the order of their passes. */
  readonly reviews: readonly Review[];
}

export interface Review extends Judgement {
  readonly reviewer: string;
  readonly tags: readonly string[];
  readonly note: string;
  /** What the reviewer said last without knowing what others say; null: nothing. Agreement is computed on these. */
  readonly blindVerdict: ReviewVerdict | null;
  /** 1 for the first reviewer of the photo, 2 for the second. A reviewer who changes a verdict keeps the number. */
  readonly pass: number;
  /** Null for an import, which showed no photo. */
  readonly shownBy: ShownBy | null;
  /** When the reviewer decided, as ISO 8601. */
  readonly at: string;
}

/**
 * Derives the verdict of one photo and class from its events (protocol, "Review").
 *
 * @param events all of them, by id
 */
export function verdictOf(events: readonly ReviewEvent[]): Verdict {
  const opinions = opinionsOf(events);
  const reviews = opinions.flatMap(({ review }) => (review === null ? [] : [review]));
  const adjudication = withoutUndone(events).findLast((event) => event.kind === 'adjudicate');
  return {
    ...(adjudication === undefined
      ? combined(opinions)
      : { state: STATE_OF[adjudication.value.verdict], reason: adjudication.value.reason, decidedBy: 'adjudication' }),
    tags: [...new Set(opinions.flatMap(({ tags }) => tags))].toSorted(),
    note: opinions.flatMap(({ note }) => (note === '' ? [] : [note])).join('\n'),
    flagged: opinions.some(({ flagged }) => flagged),
    reviews,
  };
}

/** At most this many reviewers are asked about a photo of which one is unsure. */
const MOST_OPINIONS = 3;

/**
 * How many reviewers should have given a verdict on a photo, without a second pass: one, or one more than so far while
 * somebody is unsure. 0 if an adjudication has settled it.
 */
export function opinionsWanted({ reviews, decidedBy }: Verdict): number {
  if (decidedBy === 'adjudication') return 0;
  const isSure = reviews.every(({ verdict }) => verdict !== 'unsure');
  return isSure ? 1 : Math.min(reviews.length + 1, MOST_OPINIONS);
}

/**
 * The ids of the events that are taken back. An undo takes an event back, and a redo takes an undo back. An event comes after what
 * it undoes, so that one walk from the last to the first finds all of them.
 *
 * @param events all of one photo, by id
 */
export function undoneIn(events: readonly ReviewEvent[]): ReadonlySet<number> {
  const undone = new Set<number>();
  for (const { id, undoes } of events.toReversed()) if (undoes !== null && !undone.has(id)) undone.add(undoes);
  return undone;
}

/** The events that count. */
function withoutUndone(events: readonly ReviewEvent[]): ReviewEvent[] {
  const undone = undoneIn(events);
  return events.filter(({ id, undoes }) => undoes === null && !undone.has(id));
}

/** All that one reviewer says of the photo now. */
export interface Opinion {
  readonly reviewer: string;
  /** Null if the reviewer has only tagged, flagged or noted, or has taken the verdict back. */
  readonly review: Review | null;
  readonly isImport: boolean;
  readonly tags: readonly string[];
  readonly note: string;
  readonly flagged: boolean;
}

/**
 * What each reviewer says of one photo, in the order of their first verdicts, undone ones included: so nobody's pass changes by
 * an undo.
 *
 * @param events all of the photo's, by id
 */
export function opinionsOf(events: readonly ReviewEvent[]): Opinion[] {
  const valid = withoutUndone(events);
  const judges = new Set(events.filter(({ kind }) => kind === 'verdict' || kind === 'import').map(reviewerOf));
  const reviewers = new Set([...judges, ...valid.map(reviewerOf)]);
  return [...reviewers].map((reviewer, i) =>
    opinionOf(
      reviewer,
      i + 1,
      valid.filter((event) => event.reviewer === reviewer),
    ),
  );
}

const reviewerOf = ({ reviewer }: ReviewEvent): string => reviewer;

function opinionOf(reviewer: string, pass: number, events: readonly ReviewEvent[]): Opinion {
  const judged = events.findLast((event) => event.kind === 'verdict' || event.kind === 'import');
  const tags = events.findLast((event) => event.kind === 'tag')?.value.tags ?? [];
  const note = events.findLast((event) => event.kind === 'note' || event.kind === 'import')?.value.note ?? '';
  const flagged = events.findLast((event) => event.kind === 'flag')?.value.flagged ?? false;
  const isImport = judged?.kind === 'import';
  if (judged === undefined) return { reviewer, review: null, isImport, tags, note, flagged };
  const { verdict, reason } = judged.value;
  const shownBy = judged.kind === 'verdict' ? judged.value.shownBy : null;
  return {
    reviewer,
    review: { reviewer, verdict, reason, tags, note, blindVerdict: lastBlind(events), pass, shownBy, at: judged.at },
    isImport,
    tags,
    note,
    flagged,
  };
}

function lastBlind(events: readonly ReviewEvent[]): ReviewVerdict | null {
  for (const event of events.toReversed()) {
    if (event.kind === 'import' || (event.kind === 'verdict' && event.value.isBlind === true))
      return event.value.verdict;
  }
  return null;
}

const STATE_OF: Readonly<Record<ReviewVerdict, VerdictState>> = {
  accept: 'accepted',
  reject: 'rejected',
  unsure: 'unsure',
};

/** Reviewers who are sure must agree. One who is unsure leaves the verdict to the others. */
function combined(opinions: readonly Opinion[]): Pick<Verdict, 'state' | 'reason' | 'decidedBy'> {
  const given = opinions.flatMap(({ review, isImport }) => (review === null ? [] : [{ ...review, isImport }]));
  const sure = given.filter(({ verdict }) => verdict !== 'unsure');
  const deciding = sure.length > 0 ? sure : given;
  const [first, ...others] = deciding;
  if (first === undefined) return { state: 'unreviewed', reason: null, decidedBy: null };
  if (others.some(({ verdict }) => verdict !== first.verdict))
    return { state: 'disputed', reason: null, decidedBy: null };
  const reason = deciding.find((review) => review.reason !== null)?.reason ?? null;
  const alone = first.isImport ? 'import' : 'single';
  return { state: STATE_OF[first.verdict], reason, decidedBy: others.length > 0 ? 'agreement' : alone };
}
