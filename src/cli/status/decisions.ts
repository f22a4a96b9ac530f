import type { Command } from 'commander';
import { nameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { toDecisionLine, type DecisionLine } from '../../filter/run/decision-line.ts';
import { listDecisions, type DecisionFilter } from '../../filter/run/decision-list.repository.ts';
import { oneLine } from '../../kernel/printable.ts';
import { FAILED_DECISION_REASONS, type DecisionReason, type DecisionState } from '../../kernel/reasons.ts';
import { addListCommand } from '../review/list-flags.ts';
import { plural } from '../text/output.ts';
import { whyText } from '../../status/story-text.ts';

const REASONS = {
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
    reasons: REASONS,
    rowsOf: decisionLines,
    lineOf: lineText,
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

function lineText(line: DecisionLine): string {
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
