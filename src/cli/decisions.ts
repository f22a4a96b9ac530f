import type { Command } from 'commander';
import { nameOf, type Workspace } from '../app/open/workspace.ts';
import { toDecisionLine, type DecisionLine } from '../decision/decision-line.ts';
import { listDecisions, type DecisionFilter } from '../decision/decision-list.repository.ts';
import { oneLine } from '../kernel/printable.ts';
import { DECISION_REASONS, DECISION_STATES, FAILED_DECISION_REASONS, type DecisionState } from '../kernel/reasons.ts';
import {
  addListFlags,
  formatOf,
  refuseImpossible,
  untilInterrupted,
  wantedClasses,
  writeList,
  type ListFlags,
} from './list-flags.ts';
import { plural } from './output.ts';
import { runOnCollection } from './start/context.ts';

/** The reasons that are possible in each state. */
const REASONS = {
  kept: [],
  dropped: ['correct', 'confident', 'not-confident', 'other-class', 'in-reference-set'],
  undecided: [],
  failed: FAILED_DECISION_REASONS,
} as const satisfies Record<DecisionState, readonly (typeof DECISION_REASONS)[number][]>;

export function addDecisionsCommand(program: Command): void {
  addListFlags(
    program
      .command('decisions')
      .description('List what the filter decided for every photo and class, with the evidence of each crop'),
    DECISION_STATES,
    DECISION_REASONS,
  )
    .addHelpText(
      'after',
      '\nExamples:\n  winnow decisions --collection imagenet-a --state kept --json\n  winnow decisions --collection imagenet-a --class dragonfly --format csv\n',
    )
    .action(async (flags: ListFlags) => {
      const format = formatOf(flags);
      refuseImpossible(flags, REASONS);
      await runOnCollection(flags, { name: 'decisions', access: 'read' }, async (workspace, { signal }) => {
        const { state, reason, source } = flags;
        const lines = decisionLines(workspace, { wnids: await wantedClasses(workspace, flags), state, reason, source });
        await writeList(untilInterrupted(lines, signal), { format, lineOf: lineText, what: 'decision' });
      });
    });
}

/** The decisions, for people or for scripts. */
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
  const { sha256, wnid, state, reason, maxTrueProb, maxTrueProbIsLowerBound, decidedBy, confusion, crops, detail } =
    line;
  const prob =
    maxTrueProb === null ? '' : ` p(searched as) ${maxTrueProbIsLowerBound ? '>= ' : ''}${maxTrueProb.toFixed(4)}`;
  const by =
    decidedBy === null ? '' : ` by ${decidedBy.model}${decidedBy.crop === null ? '' : ` crop ${decidedBy.crop}`}`;
  const taken = confusion === null ? '' : ` taken for ${confusion.name} (${confusion.prob.toFixed(4)})`;
  const why = `${reason === null ? '' : ` ${reason}`}${detail === null ? '' : ` (${detail})`}`;
  return oneLine(
    `${wnid}  ${sha256.slice(0, 12)}  ${state}${why}${by}${prob}${taken}, ${plural(crops.length, 'crop')}`,
  );
}
