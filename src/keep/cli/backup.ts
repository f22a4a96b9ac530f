import path from 'node:path';
import type { Command } from 'commander';
import { recorded } from '../../core/runtime/activity/activity.repository.ts';
import { localActor } from '../../core/runtime/activity/local-actor.process.ts';
import { openToRead, readSnapshots } from '../backup-folder.process.ts';
import { backUp, type BackedUp, type BackupOptions } from '../backup.process.ts';
import type { Snapshot } from '../snapshot.ts';
import { countStoredPhotos, estimatedRows, requireEarlierBackup } from '../source.repository.ts';
import { applyTakedowns } from '../sweep.process.ts';
import { LOST_BYTES_CURE } from '../../core/kernel/blobs.ts';
import { withCopyProgress } from './copy-progress.ts';
import { bytesText, countText, linesText, photosText, plural, writeResult, EXIT } from '../../core/cli/text/output.ts';
import { addPlainCommand, runCommand, runOnData } from '../../core/cli/start/context.ts';
import { either, option, wholeNumber } from '../../core/cli/start/flags.ts';
import { tableText } from '../../core/cli/text/table.ts';

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
  winnow backup ~/backups/winnow
  winnow backup ~/backups/winnow --keep 30 --json
  winnow backup ~/backups/winnow --verify
  winnow backup list ~/backups/winnow
  winnow backup apply-takedowns ~/backups/winnow
`;

export function addBackupCommand(program: Command): void {
  const command = addPlainCommand(program, 'backup', 'Copy the catalogue and the bytes of its photos into a folder')
    .argument('<dir>', 'the folder of the backup, best on another disk')
    .flags({
      keep: option(wholeNumber(1, 10_000).default(7), 'n', 'snapshots to keep; older ones are removed'),
      verify: either(false, 'also read and hash the photos that the backup has already, and replace damaged ones'),
      new: either(false, 'begin a new backup where an earlier one is missing'),
    })
    .addHelpText('after', HELP)
    .run((flags, dir: string) =>
      runOnData(flags, { name: 'backup', access: 'read' }, async (app, { signal }) => {
        const { keep, verify } = flags;
        const place = path.resolve(dir);
        if (!flags.new) await requireEarlierBackup(app.db, place);
        // `requireEarlierBackup` reads where backups went.
        const resultOf = ({ snapshot, photos }: BackedUp) => ({ dir: place, snapshot, photos });
        const doing = { ...localActor(), action: 'backup', resultOf } as const;
        const result = await recorded(app.db, doing, () => backUpWithProgress({ app, dir, keep, verify, signal }));
        await writeResult(flags, result, () => backupText(result));
        return result.lost.length + result.warnings.length > 0 ? EXIT.incomplete : EXIT.done;
      }),
    );
  addListCommand(command);
  addApplyTakedownsCommand(command);
}

async function backUpWithProgress(
  options: Pick<BackupOptions, 'app' | 'dir' | 'keep' | 'verify' | 'signal'>,
): Promise<BackedUp> {
  const { app } = options;
  const totals = { rows: await estimatedRows(app.db), photos: await countStoredPhotos(app.db), isGrowing: true };
  return withCopyProgress(totals, (events) => backUp({ ...events, ...options }));
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

function addListCommand(command: Command): void {
  addPlainCommand(command, 'list', 'List the snapshots of a backup, the oldest first')
    .argument('<dir>', 'the folder of the backup')
    .addHelpText('after', '\nExample:\n  winnow backup list ~/backups/winnow --json\n')
    .run((flags, dir: string) =>
      runCommand(flags, async () => {
        const lines = (await readSnapshots(await openToRead(dir))).map(lineOf);
        await writeResult(flags, lines, () => listText(lines));
      }),
    );
}

interface SnapshotLine extends Pick<Snapshot, 'id' | 'at' | 'winnow'> {
  readonly rows: number;
  readonly photos: number;
  readonly bytes: number;
}

function lineOf({ id, at, winnow, tables, photos, without }: Snapshot): SnapshotLine {
  return {
    id,
    at,
    winnow,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    photos: photos.rows - without.pruned.length - without.lost.length,
    bytes: photos.bytes,
  };
}

function listText(lines: readonly SnapshotLine[]): string {
  if (lines.length === 0) return 'no backup has ended yet\n';
  return tableText(
    ['snapshot', 'rows', 'photos', 'size', 'winnow'],
    lines.map(({ id, rows, photos, bytes, winnow }) => [id, rows, photos, bytesText(bytes), winnow]),
  );
}

const TAKEDOWNS_HELP = `
winnow backup does this as well. Use this command after winnow takedown for every folder that is not backed
up to any more, such as an old disk. The bytes of photos that were taken down are removed from the folder,
and the list of takedowns is stored in it: winnow restore obeys it, also for snapshots that are older.

Example:
  winnow backup apply-takedowns ~/backups/winnow
`;

function addApplyTakedownsCommand(command: Command): void {
  addPlainCommand(command, 'apply-takedowns', 'Remove photos that were taken down from a backup')
    .argument('<dir>', 'the folder of the backup')
    .addHelpText('after', TAKEDOWNS_HELP)
    .run((flags, dir: string) =>
      runOnData(flags, { name: 'backup', access: 'use' }, async (app) => {
        const result = await recorded(
          app.db,
          {
            ...localActor(),
            action: 'apply-takedowns',
            resultOf: ({ takedowns, photos }) => ({ takedowns, photos }),
          },
          () => applyTakedowns(app, dir),
        );
        await writeResult(flags, result, () =>
          linesText([
            `${plural(result.takedowns, 'takedown')} in the backup, ${result.added} of them new`,
            `${plural(result.photos, 'photo')} removed from it (${bytesText(result.bytes)})`,
          ]),
        );
      }),
    );
}
