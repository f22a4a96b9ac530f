import path from 'node:path';
import type { Command } from 'commander';
import { recorded } from '../../app/activity/activity.repository.ts';
import { localActor } from '../../app/activity/local-actor.ts';
import { backUp, type BackedUp } from '../../app/backup/backup.ts';
import { requireEarlierBackup } from '../../app/backup/earlier.repository.ts';
import { countPhotos, estimatedRows } from '../../app/move/target.repository.ts';
import type { App } from '../../app/open/app.ts';
import type { ActivityDetail } from '../../kernel/activity.ts';
import { LOST_BYTES_CURE } from '../../kernel/blobs.ts';
import { bytesText, countText, linesText, photosText, plural, writeResult } from '../output.ts';
import { withProgress } from '../progress.ts';
import { addCommand, runOnData, wholeNumberFrom, type GlobalFlags } from '../start/context.ts';
import { EXIT } from '../start/exit.ts';
import { addApplyTakedownsCommand } from './apply-takedowns.ts';
import { addBackupListCommand } from './list.ts';

interface BackupFlags extends GlobalFlags {
  readonly keep: number;
  readonly verify?: boolean;
  readonly new?: boolean;
}

const HELP = `
Other commands may work meanwhile: a snapshot is the catalogue at one moment, and the bytes of its
photos. The folder is made if it is missing, but not where an earlier backup should be. Later backups go
to the same folder and copy only what is new. On file systems that can, photos share their blocks with
the data folder (reflinks) and take no room. If a backup is interrupted or killed, the snapshots before
it stay, and the next one continues.

Everything in the catalogue is in a backup, except for browsers' sessions and their key: after a restore,
people log in again. Exported sets, collection files and models are files of their own: copy these, too.
Photos that were taken down are removed from the backup. winnow restore fills a data folder or a server.

The exit code is 1 if the data folder has lost the bytes of photos (all others are in the backup), or if
the list of photos of an earlier snapshot is damaged.

Examples:
  winnow backup /mnt/disk/winnow
  winnow backup /mnt/disk/winnow --keep 30 --json
  winnow backup /mnt/disk/winnow --verify
  winnow backup list /mnt/disk/winnow
  winnow backup apply-takedowns /mnt/disk/winnow
`;

export function addBackupCommand(program: Command): void {
  const command = addCommand(program, 'backup', 'Copy the catalogue and the bytes of its photos into a folder')
    .argument('<dir>', 'the folder of the backup, best on another disk')
    .option('--keep <n>', 'snapshots to keep; older ones are removed', wholeNumberFrom(1, 10_000), 7)
    .option('--verify', 'also read and hash what the backup has already, and replace what is damaged')
    .option('--new', 'begin a new backup where an earlier one is missing')
    .addHelpText('after', HELP)
    .action((dir: string, flags: BackupFlags) =>
      runOnData(flags, { name: 'backup', access: 'read' }, async (app, { signal }) => {
        const place = path.resolve(dir);
        if (flags.new !== true) await requireEarlierBackup(app.db, place);
        const doing = { ...localActor(), action: 'backup', resultOf: resultFor(place) } as const;
        const result = await recorded(app.db, doing, () => backUpWithProgress(app, { dir, flags, signal }));
        await writeResult(flags, result, () => backupText(result));
        return result.lost.length + result.warnings.length > 0 ? EXIT.incomplete : EXIT.done;
      }),
    );
  addBackupListCommand(command);
  addApplyTakedownsCommand(command);
}

async function backUpWithProgress(
  app: App,
  { dir, flags, signal }: { readonly dir: string; readonly flags: BackupFlags; readonly signal: AbortSignal },
): Promise<BackedUp> {
  const line = { done: 0, isGrowing: true, note: '' };
  const catalogue = { ...line, label: 'catalogue', total: await estimatedRows(app.db) };
  const photos = { ...line, label: 'photos', total: await countPhotos(app.db), bytes: 0 };
  return withProgress(
    () => [photos, catalogue],
    () =>
      backUp({
        app,
        dir,
        keep: flags.keep,
        verify: flags.verify === true,
        signal,
        onTable: (table) => void (catalogue.note = table),
        onRows: (rows) => void (catalogue.done += rows),
        onPhoto: ({ bytes, isCopied }) => {
          photos.done += 1;
          if (isCopied) photos.bytes += bytes;
        },
      }),
  );
}

/** What the activity log keeps of a backup: `requireEarlierBackup` reads where it went. */
function resultFor(dir: string): (result: BackedUp) => ActivityDetail {
  return ({ snapshot, photos }) => ({ dir, snapshot, photos });
}

function backupText(result: BackedUp): string {
  const { snapshot, tables, rows, photos, bytes, copied, pruned, lost, removed, warnings, snapshots } = result;
  return linesText([
    `snapshot ${snapshot}: ${plural(tables, 'table')}, ${plural(rows, 'row')}, ${plural(photos, 'photo')} (${bytesText(bytes)})`,
    `copied now: ${plural(copied.photos, 'photo')} (${bytesText(copied.bytes)}) and ${bytesText(copied.catalogueBytes)} of the catalogue, compressed`,
    pruned.length > 0 && `pruned while the backup was made, so without bytes in it: ${photosText(pruned)}`,
    lost.length > 0 &&
      `without bytes in the data folder, and so in the backup: ${photosText(lost)}; ${LOST_BYTES_CURE}`,
    (removed.snapshots > 0 || removed.bytes > 0) &&
      `removed: ${plural(removed.snapshots, 'old snapshot')}, and ${plural(removed.photos, 'photo')} that no snapshot needs or that were taken down (${bytesText(removed.bytes)} with their tables)`,
    ...warnings.map((warning) => `warning: ${warning}`),
    `the backup has ${countText(snapshots.length)} ${snapshots.length === 1 ? 'snapshot' : 'snapshots'}, the oldest of ${snapshots[0] ?? ''}`,
  ]);
}
