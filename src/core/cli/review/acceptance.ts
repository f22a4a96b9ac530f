import type { Command } from 'commander';
import {
  acceptanceStateText,
  BOTH_WRONG,
  ERROR_NAMES,
  labelErrorText,
  type Acceptance,
} from '../../kernel/acceptance.ts';
import type { Mode } from '../../kernel/mode.ts';
import { countOf } from '../../kernel/texts.ts';
import { drawAgain } from '../../review/acceptance/draw-again.process.ts';
import { readAcceptance } from '../../review/acceptance/read-acceptance.process.ts';
import { recorded } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import { addCommand, runOnCollection } from '../start/context.ts';
import { either } from '../start/flags.ts';
import { writeResult } from '../text/output.ts';

const HELP = `
The second pass is the inspection: a random sample of the photos that a first look accepted. A sampled photo is wrong
if its final state is not accepted. The share of wrong photos is called the label error, in mode O the contamination.
Its limits are exact (hypergeometric). Errors that both reviewers make are not counted.

The set passes if the upper limit is at most review.acceptance.maxLabelError, and fails if the lower one is above it.
It is decided only when the review is complete: each listed photo has its first verdict, each drawn one its second, and
none is disputed. Each complete review of other photos is a look, and review.acceptance.looks of them may decide.

--draw draws other photos for the second pass, from those without a second verdict. Only these decide from then on.
It is for a set whose photos changed after the last look, or whose limit or confidence is another one than at the first
verdict. Each draw is a test of its own, so state how many there were.

Examples:
  winnow acceptance --collection imagenet-a --set review.acceptance.maxLabelError=0.05
  winnow acceptance --collection imagenet-a --draw
`;

export function addAcceptanceCommand(program: Command): void {
  addCommand(program, 'acceptance', 'Estimate how many accepted photos are wrong, and whether the set passes')
    .flags({ draw: either(false, 'draw other photos for the second pass, which then decide') })
    .addHelpText('after', HELP)
    .run(async (flags) => {
      const access = flags.draw ? 'use' : 'read';
      await runOnCollection(flags, { name: 'acceptance', access }, async (workspace) => {
        const { app, collection } = workspace;
        const doing = { ...localActor(), action: 'acceptance-draw', collection: collection.name, resultOf } as const;
        if (flags.draw) await recorded(app.db, doing, () => drawAgain(workspace));
        const acceptance = await readAcceptance(workspace);
        await writeResult(flags, acceptance, () => acceptanceText(acceptance, collection.mode));
      });
    });
}

const resultOf = (draw: number) => ({ draw });

function acceptanceText(acceptance: Acceptance, mode: Mode): string {
  const estimate = labelErrorText(acceptance);
  const error =
    estimate === null
      ? `unknown: none of ${countOf(acceptance.accepted, 'photo')} that a first look accepted was drawn and inspected`
      : `${estimate}. ${BOTH_WRONG}`;
  const state = acceptanceStateText(acceptance) ?? 'none: set review.acceptance.maxLabelError, such as 0.05';
  return `${ERROR_NAMES[mode].toLowerCase()}: ${error}\ninspection: ${state}\n`;
}
