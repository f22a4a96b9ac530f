import type { Command } from 'commander';
import { listCandidates, type CandidateLine } from '../../status/candidate-list.repository.ts';
import { oneLine } from '../../kernel/printable.ts';
import {
  DROPPED_REASONS,
  FAILED_REASONS,
  type CandidateState,
  FAILED_DECISION_REASONS,
  type DecisionReason,
  type DecisionState,
} from '../../kernel/reasons.ts';
import { addListCommand } from '../review/list-flags.ts';
import { whyText } from '../../status/story-text.ts';
import { nameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { toDecisionLine, type DecisionLine } from '../../filter/run/decision-line.ts';
import { listDecisions, type DecisionFilter } from '../../filter/run/decision-list.repository.ts';
import { plural } from '../text/output.ts';

const CANDIDATE_REASONS = {
  found: [],
  fetched: [],
  dropped: DROPPED_REASONS,
  failed: FAILED_REASONS,
} as const satisfies Record<CandidateState, readonly string[]>;

export function addCandidatesCommand(program: Command): void {
  addListCommand(program, {
    what: 'candidate',
    description: 'List every photo found for the collection, with its rights and its state',
    help: '\nExample:\n  winnow candidates --collection imagenet-a --state failed --format csv > failed.csv\n',
    reasons: CANDIDATE_REASONS,
    rowsOf: ({ app, scope }, filter) => listCandidates(app.db, scope, filter),
    lineOf: candidateText,
  });
}

function candidateText(row: CandidateLine): string {
  const what =
    row.sha256 === null
      ? ''
      : ` ${row.sha256.slice(0, 12)} ${row.width}x${row.height}${row.bytesState === 'stored' ? '' : ' pruned'}`;
  // A photo outside the sub-folders has no label: the class as given is empty.
  const wnid = row.wnid === '' ? "''" : row.wnid;
  return oneLine(
    `${wnid}  ${row.state}${whyText(row)}${what}  ${row.licence}  ${row.source}:${JSON.stringify(row.sourceId)}`,
  );
}

const DECISION_REASONS = {
  kept: [],
  dropped: ['correct', 'confident', 'not-confident', 'other-class', 'in-reference-set'],
  undecided: [],
  failed: FAILED_DECISION_REASONS,
} as const satisfies Record<DecisionState, readonly DecisionReason[]>;

export function addDecisionsCommand(program: Command): void {
  addListCommand(program, {
    what: 'decision',
    description: 'List what the filter decided for every photo and class, with the evidence of each crop',
    help: '\nExamples:\n  winnow decisions --collection imagenet-a --state kept --json\n  winnow decisions --collection imagenet-a --class dragonfly --format csv\n',
    reasons: DECISION_REASONS,
    rowsOf: decisionLines,
    lineOf: decisionText,
  });
}

async function* decisionLines(
  { app, scope, ensemble, collection }: Workspace,
  filter: DecisionFilter,
): AsyncGenerator<DecisionLine> {
  const { memberIds, members } = ensemble;
  const names = {
    wnids: scope.wnids,
    memberIds,
    memberNames: members.map((member) => member.name),
    nameOf: (wnid: string) => nameOf(collection, wnid),
  };
  for await (const row of listDecisions(app.db, scope, { filter, memberIds })) yield toDecisionLine(row, names);
}

function decisionText(line: DecisionLine): string {
  const { sha256, wnid, state, maxTrueProb, maxTrueProbIsLowerBound, decidedBy, confusion, crops } = line;
  const prob =
    maxTrueProb === null ? '' : ` p(searched as) ${maxTrueProbIsLowerBound ? '>= ' : ''}${maxTrueProb.toFixed(4)}`;
  const by =
    decidedBy === null ? '' : ` by ${decidedBy.model}${decidedBy.crop === null ? '' : ` crop ${decidedBy.crop}`}`;
  const taken = confusion === null ? '' : ` taken for ${confusion.name} (${confusion.prob.toFixed(4)})`;
  return oneLine(
    `${wnid}  ${sha256.slice(0, 12)}  ${state}${whyText(line)}${by}${prob}${taken}, ${plural(crops.length, 'crop')}`,
  );
}
