import type { Command } from 'commander';
import { openToRead, readSnapshots } from '../../app/backup/backup-folder.ts';
import type { Snapshot } from '../../app/backup/snapshot.ts';
import { bytesText, writeResult } from '../output.ts';
import { tableText } from '../table.ts';
import { addCommand, runCommand, type GlobalFlags } from '../start/context.ts';

export function addBackupListCommand(command: Command): void {
  addCommand(command, 'list', 'List the snapshots of a backup, the oldest first')
    .argument('<dir>', 'the folder of the backup')
    .addHelpText('after', '\nExample:\n  winnow backup list /mnt/disk/winnow --json\n')
    .action((dir: string, _: GlobalFlags, own: Command) => {
      const flags = own.optsWithGlobals<GlobalFlags>();
      return runCommand(flags, async () => {
        const lines = (await readSnapshots(await openToRead(dir))).map(lineOf);
        await writeResult(flags, lines, () => listText(lines));
      });
    });
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
