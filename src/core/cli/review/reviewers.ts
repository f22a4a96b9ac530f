import type { Command } from 'commander';
import type { ReviewerLine } from '../../review/people/people.ts';
import { readPeople } from '../../review/people/read-people.process.ts';
import { addCommand, runOnCollection } from '../start/context.ts';
import { hoursText } from '../../kernel/texts.ts';
import { countText, percentText, writeJsonLines, writeOut } from '../text/output.ts';
import { tableText } from '../text/table.ts';

const HELP = `
Photos are those with a verdict of the reviewer. Hours (h:mm) add up the gaps of at most 60 seconds between two actions
of the reviewer. A longer gap is a pause. Imports have no hours. The agreement is over the photos that the reviewer and
another one judged blind: the share with equal verdicts. Controls count in the hours only. In --json, shares and hours
are fractions.

Example:
  winnow reviewers --collection imagenet-a --json
`;

export function addReviewersCommand(program: Command): void {
  addCommand(program, 'reviewers', 'Show what each reviewer did: photos, hours, acceptance rate, agreement')
    .addHelpText('after', HELP)
    .run(async (flags) => {
      await runOnCollection(flags, { name: 'reviewers', access: 'read' }, async (workspace) => {
        const people = await readPeople(workspace);
        await (flags.json === true ? writeJsonLines(people) : writeOut(peopleText(people)));
      });
    });
}

function peopleText(people: readonly ReviewerLine[]): string {
  if (people.length === 0) return 'nobody has reviewed a photo yet\n';
  return tableText(
    ['reviewer', 'photos', 'hours', 'accepted', 'rate', 'judged twice', 'agree'],
    people.map(({ reviewer, photos, hours, accepted, acceptanceRate, secondPassPhotos, agreement }) => [
      reviewer,
      countText(photos),
      hoursText(hours),
      countText(accepted),
      percentText(acceptanceRate),
      countText(secondPassPhotos),
      percentText(agreement),
    ]),
  );
}
