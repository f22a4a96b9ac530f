import type { Command } from 'commander';
import { recorded } from '../../app/activity/activity.repository.ts';
import { localActor } from '../../app/activity/local-actor.ts';
import { applyTakedowns, type TakedownsApplied } from '../../app/backup/takedowns.ts';
import type { ActivityDetail } from '../../kernel/activity.ts';
import { bytesText, linesText, plural, writeResult } from '../output.ts';
import { addCommand, runOnData, type GlobalFlags } from '../start/context.ts';

const HELP = `
winnow backup does this as well. Use this command after winnow takedown for every folder that is not backed
up to any more, such as an old disk. The bytes of photos that were taken down are removed from the folder,
and the list of takedowns is stored in it: winnow restore obeys it, also for snapshots that are older.

Example:
  winnow backup apply-takedowns /mnt/disk/winnow
`;

export function addApplyTakedownsCommand(command: Command): void {
  addCommand(command, 'apply-takedowns', 'Remove photos that were taken down from a backup')
    .argument('<dir>', 'the folder of the backup')
    .addHelpText('after', HELP)
    .action((dir: string, _: GlobalFlags, own: Command) => {
      const flags = own.optsWithGlobals<GlobalFlags>();
      return runOnData(flags, { name: 'backup', access: 'use' }, async (app) => {
        const doing = { ...localActor(), action: 'apply-takedowns', resultOf } as const;
        const result = await recorded(app.db, doing, () => applyTakedowns(app, dir));
        await writeResult(flags, result, () =>
          linesText([
            `${plural(result.takedowns, 'takedown')} in the backup, ${result.added} of them new`,
            `${plural(result.photos, 'photo')} removed from it (${bytesText(result.bytes)})`,
          ]),
        );
      });
    });
}

function resultOf({ takedowns, photos }: TakedownsApplied): ActivityDetail {
  return { takedowns, photos };
}
