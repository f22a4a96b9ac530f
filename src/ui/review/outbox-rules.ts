import type { ActionRef, ActionsAnswer, ReviewActionSent } from '../../review/desk.ts';
import { countOf, listText } from '../shared/texts.ts';

/** Photos of a decision that one request sends: the server's `MOST_PHOTOS_AT_ONCE`. */
export const PHOTOS_IN_REQUEST = 20_000;

/** A request holds this many actions, and no more than this many photos if it holds several actions. */
const BATCH_ACTIONS = 50;
const BATCH_PHOTOS = 300;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** So many times in a row the server may fail at the same request before the request is given up. */
const MOST_FAILURES = 5;

type Sendable = ActionRef & { readonly action: ReviewActionSent };

/** Those of one tab by their numbers, since clocks may be set back; the tab that began first comes first. */
export function inOrder<T extends Sendable>(actions: readonly T[]): T[] {
  const byNumber = actions.toSorted((a, b) => a.sequence - b.sequence);
  const beganMs = new Map<string, number>();
  for (const { client, action } of byNumber) if (!beganMs.has(client)) beganMs.set(client, Date.parse(action.at));
  const ofClients = [...beganMs].toSorted(([, a], [, b]) => a - b);
  return ofClients.flatMap(([client]) => byNumber.filter((one) => one.client === client));
}

/** The first actions of one tab, as many as the next request holds. */
export function batchOf<T extends Sendable>(queue: readonly T[], { alone }: Pace): readonly T[] {
  const limit = alone > 0 ? 1 : BATCH_ACTIONS;
  let photos = 0;
  const end = queue.findIndex(({ client, action }, i) => {
    photos += 'subjects' in action ? action.subjects.length : 1;
    return i > 0 && (i >= limit || photos > BATCH_PHOTOS || client !== queue[0]?.client);
  });
  return end === -1 ? queue : queue.slice(0, end);
}

/** The same action in parts, each of which fits into a request. The server stores them as one action. */
export function partsOf(action: ReviewActionSent): readonly ReviewActionSent[] {
  if (!('subjects' in action) || action.subjects.length <= PHOTOS_IN_REQUEST) return [action];
  const { subjects } = action;
  return Array.from({ length: Math.ceil(subjects.length / PHOTOS_IN_REQUEST) }, (_, i) => {
    const ofPart = subjects.slice(i * PHOTOS_IN_REQUEST, (i + 1) * PHOTOS_IN_REQUEST);
    return { ...action, part: i + 1, subjects: ofPart };
  });
}

/** The answers to all parts of an action as one answer. */
export function joined(answers: readonly ActionsAnswer[]): ActionsAnswer {
  const results = answers.flatMap((answer) => answer.results);
  const [first] = results;
  if (answers.length === 1 || first === undefined) return { results, photos: [], classes: [], ...answers[0] };
  const sumOf = (field: 'stored' | 'skipped'): number => results.reduce((sum, result) => sum + result[field], 0);
  return {
    results: [{ ...first, stored: sumOf('stored'), skipped: sumOf('skipped') }],
    photos: answers.flatMap(({ photos }) => photos),
    // A later answer knows more.
    classes: [...new Map(answers.flatMap(({ classes }) => classes.map((one) => [one.wnid, one] as const))).values()],
  };
}

/** `final`: the server will never take the actions. `failed`: it fails at them, maybe each time. `later`: it may take them later. */
export type Failure = 'final' | 'failed' | 'later';

/** Conflicts that the same action would meet each time. */
const FINAL_CONFLICTS: ReadonlySet<string | null> = new Set(['cannot-undo', 'sequence-taken']);

/** What the answer to a failed request means. Status 0: no answer came. */
export function outcomeOf({ status, code }: { readonly status: number; readonly code: string | null }): Failure {
  if ([400, 410, 413].includes(status) || (status === 409 && FINAL_CONFLICTS.has(code))) return 'final';
  return status >= 500 && ![502, 503, 504].includes(status) ? 'failed' : 'later';
}

/** How actions are sent. */
export interface Pace {
  /** So many actions of the queue are sent one by one, because the server did not take them together. */
  readonly alone: number;
  /** How often in a row the server has failed at this request. */
  readonly failures: number;
  /** How long to wait before the request is sent again. */
  readonly delayMs: number;
}

export const FIRST_PACE: Pace = { alone: 0, failures: 0, delayMs: FIRST_RETRY_MS };

/** What to do after an answer to `count` actions. */
export interface Step {
  readonly do: 'drop' | 'set-aside' | 'wait' | 'go-on';
  readonly pace: Pace;
}

export function stepAfter(outcome: 'stored' | Failure, count: number, pace: Pace): Step {
  const failures = pace.failures + (outcome === 'failed' ? 1 : 0);
  if (outcome === 'later' || (outcome === 'failed' && failures < MOST_FAILURES))
    return { do: 'wait', pace: { ...pace, failures, delayMs: Math.min(2 * pace.delayMs, LAST_RETRY_MS) } };
  if (outcome !== 'stored' && count > 1) return { do: 'go-on', pace: { ...FIRST_PACE, alone: count } };
  return {
    do: outcome === 'stored' ? 'drop' : 'set-aside',
    pace: { ...FIRST_PACE, alone: Math.max(0, pace.alone - count) },
  };
}

/** Null if nothing is set aside. */
export function setAsideText(refused: readonly { readonly problem: string | null }[]): string | null {
  const last = refused.at(-1);
  if (last === undefined) return null;
  return refused.length === 1
    ? `The server did not take a decision: ${last.problem}. It is set aside in this browser; look at the photo again.`
    : `The server did not take ${refused.length} decisions, the last because: ${last.problem}. They are set aside in this browser; look at the photos again.`;
}

/** Null if other reviewers have left nothing. */
export function othersText(left: readonly { readonly reviewer: string }[]): string | null {
  if (left.length === 0) return null;
  const names = listText([...new Set(left.map(({ reviewer }) => reviewer))]);
  return `${countOf(left.length, 'action')} of ${names} not sent yet. They wait in this browser for their reviewer to log in.`;
}
