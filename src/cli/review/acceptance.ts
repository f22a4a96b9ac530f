import type { Command } from 'commander';
import { acceptanceStateText, ERROR_NAMES, labelErrorText, type Acceptance } from '../../kernel/acceptance.ts';
import type { Mode } from '../../kernel/mode.ts';
import { countOf } from '../../kernel/texts.ts';
import { readAcceptance } from '../../review/acceptance/read-acceptance.process.ts';
import { addCommand, runOnCollection, type GlobalFlags } from '../start/context.ts';
import { writeResult } from '../text/output.ts';

const HELP = `
The second pass is the inspection: a random sample of the photos that a first look accepted. A sampled photo is wrong
if its final state is not accepted. The share of wrong photos is called the label error, in mode O the contamination.
Its limits are exact (hypergeometric). The set passes if the upper one is at most review.acceptance.maxLabelError, and
fails if the lower one is above it.

Example:
  winnow acceptance --collection imagenet-a --set review.acceptance.maxLabelError=0.05
`;

export function addAcceptanceCommand(program: Command): void {
  addCommand(program, 'acceptance', 'Estimate how many accepted photos are wrong, and whether the set passes')
    .addHelpText('after', HELP)
    .action(async (flags: GlobalFlags) => {
      await runOnCollection(flags, { name: 'acceptance', access: 'read' }, async (workspace) => {
        const acceptance = await readAcceptance(workspace);
        await writeResult(flags, acceptance, () => acceptanceText(acceptance, workspace.collection.mode));
      });
    });
}

function acceptanceText(acceptance: Acceptance, mode: Mode): string {
  const error =
    labelErrorText(acceptance) ??
    `unknown: none of ${countOf(acceptance.accepted, 'photo')} that a first look accepted was drawn and inspected`;
  const state = acceptanceStateText(acceptance) ?? 'none: set review.acceptance.maxLabelError, such as 0.05';
  return `${ERROR_NAMES[mode].toLowerCase()}: ${error}\ninspection: ${state}\n`;
}
