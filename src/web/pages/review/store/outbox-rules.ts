import type { ActionRef, ActionsAnswer, ReviewActionSent } from '../../../../core/review/desk/desk.ts';
import { metTogether } from '../../../../core/kernel/met.ts';
import { countOf, listText } from '../../../../core/kernel/texts.ts';

/** Maximum photos of a decision in one request: the server's `MOST_PHOTOS_AT_ONCE`. */
export const PHOTOS_IN_REQUEST = 20_000;

const BATCH_ACTIONS = 50;
const BATCH_PHOTOS = 300;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
const MOST_FAILURES = 5;

type Sendable = ActionRef & { readonly action: ReviewActionSent };

/** Sorts by tab, the earliest first, then by sequence, because clocks may be set back. */
export function inOrder<T extends Sendable>(actions: readonly T[]): T[] {
  const byNumber = actions.toSorted((a, b) => a.sequence - b.sequence);
  const beganMs = new Map<string, number>();
  for (const { client, action } of byNumber) if (!beganMs.has(client)) beganMs.set(client, Date.parse(action.at));
  const ofClients = [...beganMs].toSorted(([, a], [, b]) => a - b);
  return ofClients.flatMap(([client]) => byNumber.filter((one) => one.client === client));
}

export function batchOf<T extends Sendable>(queue: readonly T[], { isAlone }: BatchRules): readonly T[] {
  const limit = isAlone ? 1 : BATCH_ACTIONS;
  let photos = 0;
  const end = queue.findIndex(({ client, action }, i) => {
    photos += 'subjects' in action ? action.subjects.length : 1;
    return i > 0 && (i >= limit || photos > BATCH_PHOTOS || client !== queue[0]?.client);
  });
  return end === -1 ? queue : queue.slice(0, end);
}

/** Splits an action into parts that fit into a request. The server stores them as one action. */
export function splitAction(action: ReviewActionSent): readonly ReviewActionSent[] {
  if (!('subjects' in action) || action.subjects.length <= PHOTOS_IN_REQUEST) return [action];
  const { subjects } = action;
  return Array.from({ length: Math.ceil(subjects.length / PHOTOS_IN_REQUEST) }, (_, i) => {
    const ofPart = subjects.slice(i * PHOTOS_IN_REQUEST, (i + 1) * PHOTOS_IN_REQUEST);
    return { ...action, part: i + 1, subjects: ofPart };
  });
}

export function joined(answers: readonly ActionsAnswer[]): ActionsAnswer {
  const results = answers.flatMap((answer) => answer.results);
  const [first] = results;
  if (answers.length === 1 || first === undefined) return { results, photos: [], classes: [], ...answers[0] };
  const stale = results.flatMap((result) => result.stale ?? []);
  const met = results.flatMap((result) => result.met ?? []);
  const sumOf = (field: 'stored' | 'skipped'): number => results.reduce((sum, result) => sum + result[field], 0);
  return {
    results: [
      {
        ...first,
        stored: sumOf('stored'),
        skipped: sumOf('skipped'),
        ...(stale.length > 0 ? { stale } : {}),
        ...(met.length > 0 ? { met: metTogether(met) } : {}),
      },
    ],
    photos: answers.flatMap(({ photos }) => photos),
    // A later answer has newer counts.
    classes: [...new Map(answers.flatMap(({ classes }) => classes.map((one) => [one.wnid, one] as const))).values()],
  };
}

/** `final`: the server will never accept the actions. `failed`: a server error, maybe permanent. `later`: a retry may succeed. */
export type Failure = 'final' | 'failed' | 'later';

const FINAL_CONFLICTS: ReadonlySet<string | null> = new Set(['cannot-undo', 'sequence-taken', 'stale']);

/** Classifies a failed request. Status 0 means no answer. */
export function failureOf({ status, code }: { readonly status: number; readonly code: string | null }): Failure {
  if ([400, 410, 413].includes(status) || (status === 409 && FINAL_CONFLICTS.has(code))) return 'final';
  return status >= 500 && ![502, 503, 504].includes(status) ? 'failed' : 'later';
}

export interface BatchRules {
  /** True after the server refused several actions together: they are sent one by one until it refuses one. */
  readonly isAlone: boolean;
  readonly failures: number;
  readonly delayMs: number;
}

export const FIRST_PACE: BatchRules = { isAlone: false, failures: 0, delayMs: FIRST_RETRY_MS };

export interface Step {
  readonly do: 'drop' | 'set-aside' | 'wait' | 'go-on';
  readonly pace: BatchRules;
}

export function stepAfter(outcome: 'stored' | Failure, count: number, pace: BatchRules): Step {
  const failures = pace.failures + (outcome === 'failed' ? 1 : 0);
  if (outcome === 'stored') return { do: 'drop', pace: { ...FIRST_PACE, isAlone: pace.isAlone } };
  if (outcome === 'later' || (outcome === 'failed' && failures < MOST_FAILURES))
    return { do: 'wait', pace: { ...pace, failures, delayMs: Math.min(2 * pace.delayMs, LAST_RETRY_MS) } };
  return { do: count > 1 ? 'go-on' : 'set-aside', pace: { ...FIRST_PACE, isAlone: count > 1 } };
}

export function setAsideText(refused: readonly { readonly problem: string | null }[]): string | null {
  const last = refused.at(-1);
  if (last === undefined) return null;
  return refused.length === 1
    ? `The server did not take a decision: ${last.problem}. It is set aside in this browser; look at the photo again.`
    : `The server did not take ${refused.length} decisions, the last because: ${last.problem}. They are set aside in this browser; look at the photos again.`;
}

export function othersText(left: readonly { readonly reviewer: string }[]): string | null {
  if (left.length === 0) return null;
  const names = listText([...new Set(left.map(({ reviewer }) => reviewer))]);
  return `${countOf(left.length, 'action')} of ${names} not sent yet. They wait in this browser until their reviewer uses it again.`;
}
