import type { Command } from 'commander';
import { chooseSnapshot, requireFreshFolder, restore, type Restored } from '../restore.process.ts';
import { catalogueText, openServer } from '../../core/runtime/open/app.process.ts';
import { hasData, markedRestore, markRestore, unmarkRestore } from '../../core/runtime/open/data-folder.process.ts';
import { LOST_BYTES_CURE } from '../../core/kernel/blobs.ts';
import { blobPlaceOf } from '../../core/platform/blobs/blob-place.ts';
import { openBlobs } from '../../core/platform/blobs/open-blobs.ts';
import { withCopyProgress } from './copy-progress.ts';
import { auditFinding, findingText } from '../../core/cli/doctor/services.ts';
import { bytesText, linesText, photosText, plural, shellWord, writeResult, EXIT } from '../../core/cli/text/output.ts';
import { addPlainCommand, runCommand, type CommandContext } from '../../core/cli/start/context.ts';
import { optionalText, type GlobalFlags } from '../../core/cli/start/flags.ts';

const HELP = `
The target is where the settings point: the data folder of --data, or the services of DATABASE_URL and
blobs.url. It must be empty. Every part of the backup is hashed when it is read, and the rows are read
back and compared. Photos that were taken down after the snapshot stay out. At the end the checks of
winnow doctor --deep run. A snapshot of an older winnow is brought up to date. If the command is
interrupted or killed, run it again: until it has ended, other commands refuse the target. The backup is
only read.

Commands then continue where the snapshot was: winnow run, or the workers, take up what was not finished.
The exit code is 1 if photos have no bytes in the backup, or if a check fails.

Examples:
  winnow restore ~/backups/winnow --data restored
  winnow restore ~/backups/winnow --data restored --snapshot 2026-11-27T02-00-00-000Z
  DATABASE_URL=postgres://winnow@db.example/winnow winnow restore ~/backups/winnow
`;

export function addRestoreCommand(program: Command): void {
  addPlainCommand(program, 'restore', 'Fill an empty data folder or server from a backup, and check the result')
    .argument('<dir>', 'the folder that winnow backup made')
    .flags({ snapshot: optionalText('id', 'a snapshot of `winnow backup list` (default: the newest)') })
    .addHelpText('after', HELP)
    .run((flags, dir: string) =>
      runCommand(flags, async (context) => {
        const result = await restoreFrom(dir, flags.snapshot, context);
        await writeResult(flags, result, () => restoreText(result, flags));
        const isWhole = result.photos.missing.length === 0 && result.photos.damaged.length === 0;
        return isWhole && result.checks.every(({ problems }) => problems.length === 0) ? EXIT.done : EXIT.incomplete;
      }),
    );
}

async function restoreFrom(
  dir: string,
  snapshot: string | undefined,
  { flags: { data }, loaded, log, signal }: CommandContext,
): Promise<Restored> {
  const chosen = await chooseSnapshot(dir, snapshot);
  const { config, origins } = loaded;
  const isEmbedded = config.postgres.url === null;
  const target = {
    config,
    log,
    dataDir: data,
    clientName: 'restore',
    databaseFrom: origins.get('postgres.url')?.where,
    signal,
    // Its next statement fails.
    onLost: () => undefined,
  };
  if (isEmbedded) {
    await requireFreshFolder(data);
    // A catalogue that exists without a mark knows itself whether it is being restored.
    const isNew = (await markedRestore(data)) !== null || !(await hasData(data));
    if (isNew) await markRestore(data, chosen.snapshot.id);
  }
  const onBegun = (): Promise<void> => unmarkRestore(data);
  const server = await openServer(target);
  try {
    const blobs = await openBlobs(blobPlaceOf(config.blobs, data));
    const advice = isEmbedded
      ? 'give another folder to --data'
      : 'create a new database with createdb, and give blobs.url or --data an empty place';
    try {
      const { tables, photos } = chosen.snapshot;
      const totals = { rows: tables.reduce((sum, { rows }) => sum + rows, 0), photos: photos.rows };
      const options = { ...chosen, connection: server, shown: catalogueText(target), advice, blobs, signal, onBegun };
      return await withCopyProgress(totals, (events) => restore({ ...options, ...events }));
    } finally {
      await blobs.close();
    }
  } finally {
    await server.detach();
  }
}

function restoreText({ snapshot, tables, rows, photos, takenDown, checks }: Restored, { data }: GlobalFlags): string {
  return linesText([
    `snapshot ${snapshot}: ${plural(tables, 'table')}, ${plural(rows, 'row')}; read back, they are those of the backup`,
    `photos: ${plural(photos.photos, 'photo')} (${bytesText(photos.bytes)}), each with the bytes of its hash`,
    takenDown > 0 && `taken down since the snapshot, and left out: ${plural(takenDown, 'photo')}`,
    photos.missing.length > 0 && `without bytes in the backup: ${photosText(photos.missing)}; ${LOST_BYTES_CURE}`,
    photos.damaged.length > 0 &&
      `with wrong bytes in the backup, left out: ${photosText(photos.damaged)}; ${LOST_BYTES_CURE}`,
    ...checks.map((check) => findingText(auditFinding(check)).trimEnd()),
    `next: winnow status --data ${shellWord(data)} --collection NAME`,
  ]);
}
