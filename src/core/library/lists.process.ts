import { requireSource } from '../crawl/candidates/query.repository.ts';
import { toDecisionLine, type DecisionLine } from '../filter/run/decision-line.ts';
import { listDecisions } from '../filter/run/decision-list.repository.ts';
import { conceptsSeen } from '../filter/run/decision.repository.ts';
import { UsageError } from '../kernel/errors.ts';
import {
  DROPPED_REASONS,
  FAILED_DECISION_REASONS,
  FAILED_REASONS,
  MODE_O_REJECT_REASONS,
  REJECT_REASONS,
  type CandidateState,
  type DecisionReason,
  type DecisionState,
} from '../kernel/reasons.ts';
import { classNameOf, type Workspace } from '../models/workspace/workspace.process.ts';
import { subjectKey } from '../review/events/event.ts';
import { listReviewed } from '../review/events/review.repository.ts';
import { toVerdictLine, type VerdictLine } from '../review/events/verdict-line.ts';
import type { VerdictState } from '../review/events/verdict.ts';
import type { CandidateFilter } from '../status/candidate-list.repository.ts';
import type { ShortlistRow } from '../shortlist/shortlist.ts';
import { listShortlist } from '../shortlist/shortlist.repository.ts';
import { notCounting } from '../status/not-counting.repository.ts';
import type { NotCounting } from '../status/not-counting.ts';
import type { ListOptions } from './options.ts';
import { classesOf } from './wanted.process.ts';

/** The states of a list, with the reasons that each can have. */
export type ReasonsOfState = Readonly<Record<string, readonly string[]>>;

export const CANDIDATE_REASONS = {
  found: [],
  fetched: [],
  dropped: DROPPED_REASONS,
  failed: FAILED_REASONS,
} as const satisfies Record<CandidateState, readonly string[]>;

export const DECISION_REASONS = {
  kept: [],
  dropped: ['correct', 'confident', 'not-confident', 'other-class', 'in-reference-set'],
  undecided: [],
  failed: FAILED_DECISION_REASONS,
} as const satisfies Record<DecisionState, readonly DecisionReason[]>;

export const VERDICT_REASONS: Readonly<Record<VerdictState, readonly string[]>> = {
  unreviewed: [],
  accepted: [],
  rejected: [...REJECT_REASONS, ...MODE_O_REJECT_REASONS],
  unsure: [],
  disputed: [],
};

/** @throws UsageError if no photo can have the state or the reason in that state: an empty list would hide the mistake */
export function refuseImpossible({ state, reason }: ListOptions, reasonsOfState: ReasonsOfState): void {
  const states = Object.keys(reasonsOfState);
  requireOneOf('a state', states, state);
  if (state === undefined) requireOneOf('a reason', Object.values(reasonsOfState).flat(), reason);
  if (state === undefined || reason === undefined) return;
  const possible = reasonsOfState[state] ?? [];
  if (possible.includes(reason)) return;
  const expected = possible.length === 0 ? 'no --reason' : `a --reason out of ${possible.join(', ')}`;
  throw new UsageError(`Expected ${expected} with --state ${state} but received '${reason}'`, {
    code: 'impossible-filter',
  });
}

function requireOneOf(what: string, known: readonly string[], given: string | undefined): void {
  if (given === undefined || known.includes(given)) return;
  throw new UsageError(`Expected ${what} out of ${[...new Set(known)].join(', ')} but received '${given}'`, {
    code: 'impossible-filter',
  });
}

export async function filterOf(
  { app, collection, scope }: Workspace,
  { class: classes, state, reason, source }: ListOptions,
): Promise<CandidateFilter> {
  await requireSource(app.db, source);
  const wnids =
    classes === undefined
      ? (collection.subjects.ids ?? (await conceptsSeen(app.db, scope)))
      : classesOf(collection, classes);
  return { wnids, unknownClasses: classes === undefined, state, reason, source };
}

export async function* decisionLines(
  { app, scope, ensemble, collection }: Workspace,
  filter: CandidateFilter,
): AsyncGenerator<DecisionLine> {
  const { memberIds, members } = ensemble;
  const names = {
    wnids: scope.wnids,
    memberIds,
    memberNames: members.map((member) => member.name),
    sigmoidIds: memberIds.filter((_, i) => members[i]?.head.isSigmoid === true),
    nameOf: (wnid: string) => classNameOf(collection, wnid),
  };
  for await (const row of listDecisions(app.db, scope, { filter, memberIds })) yield toDecisionLine(row, names);
}

export interface StandingLine extends VerdictLine {
  /** True if the filter keeps the photo and the shortlist has it. Otherwise no count includes its verdict. */
  readonly counts: boolean;
  readonly whyNot: NotCounting | null;
}

export async function* standingLines(
  { app: { db }, scope }: Workspace,
  filter: CandidateFilter,
): AsyncGenerator<StandingLine> {
  const reasons = new Map((await notCounting(db, scope)).map((row) => [subjectKey(row), row.whyNot]));
  for await (const photo of listReviewed(db, scope.collectionId, filter)) {
    const whyNot = reasons.get(subjectKey(photo)) ?? null;
    yield { ...toVerdictLine(photo), counts: whyNot === null, whyNot };
  }
}

export interface ListedLine extends ShortlistRow {
  readonly source: string;
  readonly sourceId: string;
}

export async function* listedLines({ app, scope }: Workspace): AsyncGenerator<ListedLine> {
  for await (const { rights, ...row } of listShortlist(app.db, scope))
    yield { ...row, source: rights.source, sourceId: rights.sourceId };
}
