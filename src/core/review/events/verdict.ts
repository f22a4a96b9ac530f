import type { Wnid } from '../../kernel/ids.ts';
import type { RejectReason } from '../../kernel/reasons.ts';
import type { FurtherClasses, Judgement, ReviewEvent, ReviewVerdict, ShownBy } from './event.ts';

export const VERDICT_STATES = ['unreviewed', 'accepted', 'rejected', 'unsure', 'disputed'] as const;
export type VerdictState = (typeof VERDICT_STATES)[number];

/** The basis of a decision: one review, two that agree, a person who settled a dispute, or an imported review. */
export type DecidedBy = 'single' | 'agreement' | 'adjudication' | 'import';

export interface Verdict extends FurtherClasses {
  readonly state: VerdictState;
  /** Why the photo is rejected: the first reason in the deciding reviews. Null for other states. */
  readonly reason: RejectReason | null;
  readonly tags: readonly string[];
  readonly note: string;
  readonly flagged: boolean;
  /** Null while nothing is decided: unreviewed or disputed. */
  readonly decidedBy: DecidedBy | null;
  /** In the order of their passes. */
  readonly reviews: readonly Review[];
}

export interface Review extends Judgement, FurtherClasses {
  readonly reviewer: string;
  readonly tags: readonly string[];
  readonly note: string;
  /** The last verdict from before a page could show others' verdicts; null without one. Agreement counts these. */
  readonly blindVerdict: ReviewVerdict | null;
  /** 1 for the first reviewer of the photo, 2 for the second. A reviewer who changes a verdict keeps the number. */
  readonly pass: number;
  /** Null for an import, which showed no photo. */
  readonly shownBy: ShownBy | null;
  readonly at: string;
}

/** Derives the verdict of one photo and class from all its events, by id (protocol, "Review"). */
export function verdictOf(events: readonly ReviewEvent[]): Verdict {
  const opinions = opinionsOf(events);
  const reviews = opinions.flatMap(({ review }) => (review === null ? [] : [review]));
  const adjudication = withoutUndone(events).findLast((event) => event.kind === 'adjudicate');
  const decision: Decision =
    adjudication === undefined
      ? combined(opinions)
      : { state: STATE_OF[adjudication.value.verdict], reason: adjudication.value.reason, decidedBy: 'adjudication' };
  return {
    ...decision,
    alsoWnids: alsoOf(reviews, decision.state),
    tags: [...new Set(opinions.flatMap(({ tags }) => tags))].toSorted(),
    note: opinions.flatMap(({ note }) => (note === '' ? [] : [note])).join('\n'),
    flagged: opinions.some(({ flagged }) => flagged),
    reviews,
  };
}

type Decision = Pick<Verdict, 'state' | 'reason' | 'decidedBy'>;

/** The further classes that any of the reviewers names whose verdict is the photo's. */
export function alsoOf(reviews: readonly Pick<Review, 'verdict' | 'alsoWnids'>[], state: VerdictState): Wnid[] {
  const deciding = reviews.filter(({ verdict }) => STATE_OF[verdict] === state);
  return [...new Set(deciding.flatMap(({ alsoWnids }) => alsoWnids))].toSorted();
}

const MOST_OPINIONS = 3;

interface Opinions extends Pick<Verdict, 'decidedBy'> {
  readonly reviews: readonly Pick<Review, 'verdict'>[];
}

/** Without a second pass: one, or one more than so far while a reviewer is unsure. 0 after an adjudication. */
export function opinionsWanted({ reviews, decidedBy }: Opinions): number {
  if (decidedBy === 'adjudication') return 0;
  const isSure = reviews.every(({ verdict }) => verdict !== 'unsure');
  return isSure ? 1 : Math.min(reviews.length + 1, MOST_OPINIONS);
}

/**
 * The ids of the events that are taken back, among all of one photo by id. An undo takes an event back, and a redo
 * takes an undo back. An event follows the one that it undoes, so one walk from the last to the first finds all.
 */
export function undoneIn(events: readonly ReviewEvent[]): ReadonlySet<number> {
  const undone = new Set<number>();
  for (const { id, undoes } of events.toReversed()) if (undoes !== null && !undone.has(id)) undone.add(undoes);
  return undone;
}

function withoutUndone(events: readonly ReviewEvent[]): ReviewEvent[] {
  const undone = undoneIn(events);
  return events.filter(({ id, undoes }) => undoes === null && !undone.has(id));
}

/** The verdicts, imports and adjudications that are not taken back. */
export function currentJudgings(events: readonly ReviewEvent[]): Judging[] {
  return withoutUndone(events).filter(isJudging);
}

export interface Opinion extends FurtherClasses {
  readonly reviewer: string;
  /** Null if the reviewer has only tagged, flagged or noted, or has taken the verdict back. */
  readonly review: Review | null;
  readonly isImport: boolean;
  readonly tags: readonly string[];
  readonly note: string;
  readonly flagged: boolean;
}

/** By first verdicts, from all events of the photo by id. Undone ones are included, so that an undo changes no pass. */
export function opinionsOf(events: readonly ReviewEvent[]): Opinion[] {
  const valid = withoutUndone(events);
  const judges = new Set(inPasses(events).map(reviewerOf));
  const reviewers = new Set([...judges, ...valid.map(reviewerOf)]);
  return [...reviewers].map((reviewer, i) => {
    const own = valid.filter((event) => event.reviewer === reviewer);
    return opinionOf(own, { reviewer, pass: i + 1, blindVerdict: blindPartOf(events, reviewer).said });
  });
}

/** The verdicts in the order of their passes: as they were stored, but those that were imported in the order of their times. */
function inPasses(events: readonly ReviewEvent[]): ReviewEvent[] {
  const given = events.filter(isReview);
  const imported = given
    .filter(({ kind }) => kind === 'import')
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return given.map((event) => (event.kind === 'import' ? (imported.shift() ?? event) : event));
}

const reviewerOf = ({ reviewer }: ReviewEvent): string => reviewer;

function opinionOf(
  events: readonly ReviewEvent[],
  { reviewer, ...place }: Pick<Review, 'reviewer' | 'pass' | 'blindVerdict'>,
): Opinion {
  const judged = events.findLast(isReview);
  const tags = events.findLast((event) => event.kind === 'tag')?.value.tags ?? [];
  const alsoWnids = events.findLast((event) => event.kind === 'also')?.value.alsoWnids ?? [];
  const note = events.findLast((event) => event.kind === 'note' || event.kind === 'import')?.value.note ?? '';
  const flagged = events.findLast((event) => event.kind === 'flag')?.value.flagged ?? false;
  const isImport = judged?.kind === 'import';
  if (judged === undefined) return { reviewer, review: null, isImport, alsoWnids, tags, note, flagged };
  const { verdict, reason } = judged.value;
  const shownBy = judged.kind === 'verdict' ? judged.value.shownBy : null;
  return {
    reviewer,
    review: { reviewer, verdict, reason, alsoWnids, tags, note, ...place, shownBy, at: judged.at },
    isImport,
    alsoWnids,
    tags,
    note,
    flagged,
  };
}

type ReviewGiven = Extract<ReviewEvent, { kind: 'verdict' | 'import' }>;
type Judging = Extract<ReviewEvent, { kind: 'verdict' | 'import' | 'adjudicate' }>;

const isReview = (event: ReviewEvent): event is ReviewGiven => event.kind === 'verdict' || event.kind === 'import';
export const isJudging = (event: ReviewEvent): event is Judging => isReview(event) || event.kind === 'adjudicate';

/** True if the reviewer could see others' verdicts when this event was stored. An import counts as blind. */
function isKnowing({ kind, value }: ReviewEvent): boolean {
  return (kind === 'verdict' && value.isBlind !== true) || (kind === 'redo' && value?.isBlind === false);
}

/**
 * The reviewer's last valid verdict before pages could show others' verdicts, and whether pages could. They can from
 * the moment when another reviewer has a valid verdict and the photo has one of this reviewer or an adjudication.
 * Taking a verdict back does not make the reviewer forget. `events`: all of the photo's, by id.
 */
export function blindPartOf(
  events: readonly ReviewEvent[],
  reviewer: string,
): { readonly said: ReviewVerdict | null; readonly hasSeen: boolean } {
  const judgings = judgingsOf(events);
  // Verdicts and adjudications that are not taken back.
  const [own, others, adjudications] = [new Set<Judging>(), new Set<Judging>(), new Set<Judging>()];
  for (const event of events) {
    if (event.reviewer === reviewer && isKnowing(event)) return { said: lastSaid(own), hasSeen: true };
    const about = judgings.get(event.id);
    if (about === undefined) continue;
    const change = event.kind === 'undo' ? 'delete' : 'add';
    (about.reviewer === reviewer ? own : others)[change](about);
    if (about.kind === 'adjudicate') adjudications[change](about);
    if (others.size > 0 && own.size + adjudications.size > 0) return { said: lastSaid(own), hasSeen: true };
  }
  return { said: lastSaid(own), hasSeen: false };
}

/** The verdict or adjudication that an event gives, takes back or brings back, by the id of the event. */
export function judgingsOf(events: readonly ReviewEvent[]): ReadonlyMap<number, Judging> {
  const judgings = new Map<number, Judging>();
  for (const event of events) {
    const about = isJudging(event) ? event : judgings.get(event.undoes ?? 0);
    if (about !== undefined) judgings.set(event.id, about);
  }
  return judgings;
}

function lastSaid(current: Iterable<Judging>): ReviewVerdict | null {
  const reviews = [...current].filter(isReview).toSorted((a, b) => a.id - b.id);
  return reviews.at(-1)?.value.verdict ?? null;
}

const STATE_OF: Readonly<Record<ReviewVerdict, VerdictState>> = {
  accept: 'accepted',
  reject: 'rejected',
  unsure: 'unsure',
};

/** Reviewers who are sure must agree. One who is unsure leaves the verdict to the others. */
export function stateOf(verdicts: readonly ReviewVerdict[]): VerdictState {
  const sure = verdicts.filter((verdict) => verdict !== 'unsure');
  const deciding = sure.length > 0 ? sure : verdicts;
  const [first] = deciding;
  if (first === undefined) return 'unreviewed';
  return deciding.every((verdict) => verdict === first) ? STATE_OF[first] : 'disputed';
}

function combined(opinions: readonly Opinion[]): Decision {
  const given = opinions.flatMap(({ review, isImport }) => (review === null ? [] : [{ ...review, isImport }]));
  const state = stateOf(given.map(({ verdict }) => verdict));
  const deciding = given.filter(({ verdict }) => STATE_OF[verdict] === state);
  const [first, ...others] = deciding;
  if (first === undefined) return { state, reason: null, decidedBy: null };
  const reason = deciding.find((review) => review.reason !== null)?.reason ?? null;
  const alone = first.isImport ? 'import' : 'single';
  return { state, reason, decidedBy: others.length > 0 ? 'agreement' : alone };
}
