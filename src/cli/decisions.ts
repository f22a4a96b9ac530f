import type { Command } from 'commander';
import type { Workspace } from '../app/workspace.ts';
import { listDecisions, type DecisionFilter } from '../decision/decision-list.repository.ts';
import { toDecisionLine, type DecisionLine } from '../decision/decision-line.ts';
import { DECISION_REASONS, DECISION_STATES } from '../kernel/reasons.ts';
import { runOnCollection } from './context.ts';
import { addListFlags, formatOf, wantedClasses, writeRows, type ListFlags } from './list-flags.ts';
import { plural, writeOut } from './output.ts';

export function addDecisionsCommand(program: Command): void {
  addListFlags(
    program
      .command('decisions')
      .description('What the filter decided of every photo and class, with the evidence of each crop'),
    DECISION_STATES,
    DECISION_REASONS,
  )
    .addHelpText(
      'after',
      '\nExamples:\n  winnow decisions --collection imagenet-a --state kept --json\n  winnow decisions --collection imagenet-a --class dragonfly --format csv\n',
    )
    .action(async (flags: ListFlags) => {
      const format = formatOf(flags);
      await runOnCollection(flags, { name: 'decisions' }, async (workspace) => {
        const { state, reason, source } = flags;
        const lines = decisionLines(workspace, { wnids: wantedClasses(workspace, flags), state, reason, source });
        if (format === 'table') await writeTable(lines);
        else await writeRows(lines, format);
      });
    });
}

/** Decisions as people and scripts read them. */
async function* decisionLines(
  { app, scope, ensemble, collection }: Workspace,
  filter: DecisionFilter,
): AsyncGenerator<DecisionLine> {
  const { memberIds, members } = ensemble;
  const names = {
    wnids: scope.wnids,
    memberIds,
    memberNames: members.map((member) => member.name),
    nameOf: (wnid: string) => collection.classes.nameByWnid.get(wnid) ?? wnid,
  };
  for await (const row of listDecisions(app.db, scope, { filter, memberIds })) yield toDecisionLine(row, names);
}

async function writeTable(lines: AsyncIterable<DecisionLine>): Promise<void> {
  for await (const line of lines) await writeOut(`${lineText(line)}\n`);
}

function lineText(line: DecisionLine): string {
  const { sha256, wnid, state, reason, maxTrueProb, maxTrueProbIsLowerBound, decidedBy, confusion, crops } = line;
  const truth = maxTrueProb === null ? '' : ` p(true) ${maxTrueProbIsLowerBound ? '>= ' : ''}${maxTrueProb.toFixed(4)}`;
  const by =
    decidedBy === null ? '' : ` by ${decidedBy.model}${decidedBy.crop === null ? '' : ` crop ${decidedBy.crop}`}`;
  const taken = confusion === null ? '' : ` taken for ${confusion.name} (${confusion.prob.toFixed(4)})`;
  return `${wnid}  ${sha256.slice(0, 12)}  ${state}${reason === null ? '' : ` ${reason}`}${by}${truth}${taken}, ${plural(crops.length, 'crop')}`;
}
