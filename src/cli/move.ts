import { type Command, Option } from 'commander';
import { moveBlobs, type BlobsMoved } from '../app/move/move-blobs.ts';
import { moveDatabase, type DatabaseMoved } from '../app/move/move-database.ts';
import { countPhotos, estimatedRows, requireNobodyElse, storedShards } from '../app/move/target.repository.ts';
import type { App } from '../app/open/app.ts';
import { requireStore } from '../app/photos/store-there.ts';
import { hideSecret } from '../config/quote.ts';
import { checkSetting } from '../config/setting-layers.ts';
import { LOST_BYTES_CURE } from '../kernel/blobs.ts';
import { UsageError } from '../kernel/errors.ts';
import { blobPlaceOf, isSamePlace, placeText, type BlobPlace } from '../platform/blobs/blob-place.ts';
import { openBlobs } from '../platform/blobs/open-blobs.ts';
import { bytesText, countText, photosText, plural, writeOut } from './output.ts';
import { startProgress, type ProgressLine } from './progress.ts';
import { addGlobalFlags, runCommand, withApp, type CommandContext, type GlobalFlags } from './start/context.ts';
import { EXIT } from './start/exit.ts';

interface MoveFlags {
  readonly toDatabase?: string;
  readonly toBlobs?: string;
}

/** What to move and where to; null: it is not moved. */
interface MovePlan {
  readonly database: { readonly url: string; readonly shown: string } | null;
  readonly blobs: { readonly url: string; readonly place: BlobPlace } | null;
}

export function addMoveCommand(program: Command): void {
  addGlobalFlags(
    program
      .command('move')
      .description('Copy a project to a PostgreSQL server, to S3, or both; the source is only read'),
  )
    .addOption(new Option('--to-database <url>', 'an empty database: postgres://user:password@host:5432/database'))
    .addOption(new Option('--to-blobs <url>', 'a bucket and a prefix: s3://bucket/prefix'))
    .addHelpText(
      'after',
      `
Moves from where the settings point (a data folder, or the services of DATABASE_URL and blobs.url). No other
command may use the project while it is moved. If the command is interrupted or killed, run it again and it
continues. At the end it counts and sums the rows on both sides and says what to set. Photos are hashed as they
are read. Photos whose bytes are lost at the source are named and left out; all others are moved. The exit code
is 1 if the source lacks bytes, or has wrong or unreadable ones. blobs.endpoint, blobs.region and the AWS
variables say where the bucket is and with which keys to open it. PGPASSWORD keeps the password out of the
command line.

Example:
  winnow move --to-database postgres://winnow@db.example/winnow --to-blobs s3://photos/lab
`,
    )
    .action(async (flags: GlobalFlags & MoveFlags) => {
      await runCommand(flags, (context) =>
        withApp(context, { name: 'move', access: 'use' }, async (app) => {
          const plan = movePlanOf(flags, app);
          const done = await carryOut(app, plan, context);
          await writeOut(flags.json === true ? `${JSON.stringify(done)}\n` : textOf(done, { plan, app }));
          return isWhole(done.blobs) ? EXIT.done : EXIT.incomplete;
        }),
      );
    });
}

/** @throws UsageError for flags that name no place, or the place where the data is already */
function movePlanOf({ toDatabase, toBlobs }: MoveFlags, { config, dataDir, blobPlace }: App): MovePlan {
  if (toDatabase === undefined && toBlobs === undefined) {
    throw new UsageError('Give --to-database URL, --to-blobs URL or both', {
      code: 'move-nowhere',
    });
  }
  const database = toDatabase === undefined ? null : databaseOf(toDatabase);
  const blobs = toBlobs === undefined ? null : blobsOf(toBlobs, { config, dataDir });
  if (blobs !== null && isSamePlace(blobs.place, blobPlace)) {
    throw new UsageError(`The photos are in '${blobs.url}' already; give another place to --to-blobs`, {
      code: 'same-blobs',
    });
  }
  return { database, blobs };
}

function databaseOf(value: string): MovePlan['database'] {
  const url = String(checkSetting('postgres.url', { value, where: '--to-database' }));
  return { url, shown: `PostgreSQL at ${hideSecret(url, 'url-passwords')} (from --to-database)` };
}

function blobsOf(value: string, { config, dataDir }: Pick<App, 'config' | 'dataDir'>): MovePlan['blobs'] {
  const url = String(checkSetting('blobs.url', { value, where: '--to-blobs' }));
  return { url, place: blobPlaceOf({ ...config.blobs, url }, dataDir) };
}

interface Moved {
  readonly database: DatabaseMoved | null;
  readonly blobs: BlobsMoved | null;
}

async function carryOut(app: App, plan: MovePlan, { signal, log }: CommandContext): Promise<Moved> {
  await requireNobodyElse(app.db, 'the catalogue that is being moved');
  if (plan.blobs !== null) await requireStore(app);
  const lines = { database: lineOf('catalogue'), blobs: lineOf('photos') };
  const shown = [plan.database === null ? [] : [lines.database], plan.blobs === null ? [] : [lines.blobs]].flat();
  if (plan.database !== null) lines.database.total = await estimatedRows(app.db);
  if (plan.blobs !== null) lines.blobs.total = await countPhotos(app.db);
  const progress = startProgress(() => ({ lines: shown, parts: [], waiting: '' }));
  try {
    const database =
      plan.database === null ? null : await catalogueTo(app, plan.database, { signal, log, line: lines.database });
    const blobs = plan.blobs === null ? null : await photosTo(app, plan.blobs, { signal, line: lines.blobs });
    return { database, blobs };
  } finally {
    progress.stop();
  }
}

type Line = { -readonly [K in keyof ProgressLine]: ProgressLine[K] };

function lineOf(label: string): Line {
  return { label, done: 0, total: null, isGrowing: false, bytes: 0, note: '' };
}

function catalogueTo(
  app: App,
  { url, shown }: NonNullable<MovePlan['database']>,
  { signal, log, line }: Pick<CommandContext, 'signal' | 'log'> & { line: Line },
): Promise<DatabaseMoved> {
  return moveDatabase({
    app,
    toUrl: url,
    shown,
    signal,
    warn: (message) => log.warn(message),
    onTable: (table) => {
      line.note = table;
    },
    onRows: (rows) => {
      line.done += rows;
    },
  });
}

async function photosTo(
  app: App,
  target: NonNullable<MovePlan['blobs']>,
  { signal, line }: { signal: AbortSignal; line: Line },
): Promise<BlobsMoved> {
  const to = await openBlobs(target.place);
  try {
    return await moveBlobs({
      from: app.blobs,
      to,
      shards: storedShards(app.db),
      shown: placeText(target.place),
      signal,
      onPhoto: ({ bytes, isCopied }) => {
        line.done += 1;
        if (isCopied) line.bytes = (line.bytes ?? 0) + bytes;
      },
    });
  } finally {
    await to.close();
  }
}

/** Whether all photos of the catalogue are at the target. */
function isWhole(blobs: BlobsMoved | null): boolean {
  return blobs === null || blobs.missing.length + blobs.damaged.length === 0;
}

function textOf({ database, blobs }: Moved, { plan, app }: { plan: MovePlan; app: App }): string {
  const lines: string[] = [];
  if (database !== null) {
    const how = database.already ? 'was moved before: nothing to do' : 'moved';
    lines.push(
      `catalogue: ${plural(database.tables, 'table')}, ${plural(database.rows, 'row')} ${how}; counts and sums are the same on both sides`,
    );
  }
  if (blobs !== null) {
    lines.push(
      `photos: ${countText(blobs.photos)} (${bytesText(blobs.bytes)}) are there, ${countText(blobs.copied)} of them copied now${isWhole(blobs) ? '; counts and sizes are as the catalogue has them' : ''}`,
    );
    if (blobs.missing.length > 0)
      lines.push(`without bytes at the source: ${photosText(blobs.missing)}; ${LOST_BYTES_CURE}`);
    if (blobs.damaged.length > 0)
      lines.push(
        `not moved, because their bytes at the source have changed or cannot be read: ${photosText(blobs.damaged)}; ${LOST_BYTES_CURE}; winnow doctor --deep says what is wrong`,
      );
  }
  return `${lines.join('\n')}\n\n${settingsText(plan, app.config.postgres.url !== null)}`;
}

/** The settings that commands need from now on to find the data. Passwords are left out. */
function settingsText({ database, blobs }: MovePlan, isExternal: boolean): string {
  const lines: string[] = [];
  if (database !== null) lines.push(`  DATABASE_URL=${hideSecret(database.url, 'url-passwords')}`);
  if (blobs !== null) {
    lines.push(`  WINNOW_BLOBS_URL=${blobs.url}`);
    if (blobs.place.kind === 's3' && blobs.place.endpoint !== null)
      lines.push(`  AWS_ENDPOINT_URL_S3=${hideSecret(blobs.place.endpoint, 'url-passwords')}`);
  }
  const rest =
    database !== null && !isExternal
      ? 'The data folder still has everything that was moved. You can remove it there once the new place has proved itself.'
      : 'The old place still has everything that was moved.';
  return `From now on set, for every command and on every machine:\n${lines.join('\n')}\n${rest}\n`;
}
