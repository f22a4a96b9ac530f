import type { Command } from 'commander';
import { copyPhotos, type PhotoCopy, type PhotosCopied } from '../copy-photos.ts';
import { moveDatabase, type DatabaseMoved } from '../move.process.ts';
import { countStoredPhotos, estimatedRows, storedShards } from '../source.repository.ts';
import { requireNobodyElse } from '../target.repository.ts';
import type { App } from '../../core/runtime/open/app.process.ts';
import { requireStore } from '../../core/photo/lost-bytes.process.ts';
import { hideSecret } from '../../core/tools/quote.ts';
import { checkSetting } from '../../core/config/setting-layers.ts';
import { LOST_BYTES_CURE } from '../../core/kernel/blobs.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import { blobPlaceOf, isSamePlace, type BlobPlace } from '../../core/platform/blobs/blob-place.ts';
import { openBlobs } from '../../core/platform/blobs/open-blobs.ts';
import { withCopyProgress } from './copy-progress.ts';
import { bytesText, countText, photosText, plural, writeResult, EXIT } from '../../core/cli/text/output.ts';
import { addPlainCommand, runOnData } from '../../core/cli/start/context.ts';
import { optionalText, type FlagsOf } from '../../core/cli/start/flags.ts';

const MOVE = {
  toDatabase: optionalText('url', 'an empty database: postgres://user:password@host:5432/database'),
  toBlobs: optionalText('url', 'a bucket and a prefix: s3://bucket/prefix'),
};

interface MovePlan {
  readonly database: { readonly url: string; readonly shown: string } | null;
  readonly blobs: { readonly url: string; readonly place: BlobPlace } | null;
}

const HELP = `
Moves from where the settings point (a data folder, or the services of DATABASE_URL and blobs.url). No other
command may use the project while it is moved. If the command is interrupted or killed, run it again: until it
has ended, other commands refuse the target. At the end it compares the rows on both sides and says what to set.
Photos are hashed as they are read. Photos whose bytes are lost at the source are named and left out; all others
are moved. The exit code is 1 if the source lacks bytes, or has wrong or unreadable ones. blobs.endpoint,
blobs.region and the AWS variables say where the bucket is and with which keys to open it. PGPASSWORD keeps the
password out of the command line.

Example:
  winnow move --to-database postgres://winnow@db.example/winnow --to-blobs s3://photos/lab
`;

export function addMoveCommand(program: Command): void {
  addPlainCommand(program, 'move', 'Copy a project to a PostgreSQL server, to S3, or both; the source is only read')
    .flags(MOVE)
    .addHelpText('after', HELP)
    .run((flags) =>
      runOnData(flags, { name: 'move', access: 'use' }, async (app, { signal }) => {
        const plan = movePlanOf(flags, app);
        const done = await carryOut(app, plan, signal);
        await writeResult(flags, done, () => textOf(done, { plan, app }));
        return isWhole(done.blobs) ? EXIT.done : EXIT.incomplete;
      }),
    );
}

/** @throws UsageError for flags that name no place, or the place where the data is already */
function movePlanOf({ toDatabase, toBlobs }: FlagsOf<typeof MOVE>, { config, dataDir, blobPlace }: App): MovePlan {
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
  readonly blobs: PhotosCopied | null;
}

async function carryOut(app: App, { database, blobs }: MovePlan, signal: AbortSignal): Promise<Moved> {
  await requireNobodyElse(app.db, 'the catalogue that is being moved');
  if (blobs !== null) await requireStore(app);
  const totals = {
    ...(database === null ? {} : { rows: await estimatedRows(app.db) }),
    ...(blobs === null ? {} : { photos: await countStoredPhotos(app.db) }),
  };
  return withCopyProgress(totals, async (events) => ({
    database:
      database === null
        ? null
        : await moveDatabase({ ...events, app, toUrl: database.url, shown: database.shown, signal }),
    blobs: blobs === null ? null : await photosTo(app, blobs.place, { ...events, signal }),
  }));
}

async function photosTo(
  app: App,
  place: BlobPlace,
  options: Pick<PhotoCopy, 'onPhoto' | 'signal'>,
): Promise<PhotosCopied> {
  const to = await openBlobs(place);
  try {
    return await copyPhotos({ ...options, from: app.blobs, to, shards: storedShards(app.db) });
  } finally {
    await to.close();
  }
}

function isWhole(blobs: PhotosCopied | null): boolean {
  return blobs === null || blobs.missing.length + blobs.damaged.length === 0;
}

function textOf({ database, blobs }: Moved, { plan, app }: { plan: MovePlan; app: App }): string {
  const lines: string[] = [];
  if (database !== null)
    lines.push(
      `catalogue: ${plural(database.tables, 'table')}, ${plural(database.rows, 'row')} ${database.already ? 'were moved before: nothing to do' : 'moved'}; the rows are the same on both sides`,
    );
  if (blobs !== null)
    lines.push(
      `photos: ${countText(blobs.photos)} (${bytesText(blobs.bytes)}) are there, ${countText(blobs.copied)} of them copied now`,
    );
  if (blobs !== null && blobs.missing.length > 0)
    lines.push(`without bytes at the source: ${photosText(blobs.missing)}; ${LOST_BYTES_CURE}`);
  if (blobs !== null && blobs.damaged.length > 0)
    lines.push(
      `not moved, because their bytes at the source have changed or cannot be read: ${photosText(blobs.damaged)}; ${LOST_BYTES_CURE}; winnow doctor --deep says what is wrong`,
    );
  return `${lines.join('\n')}\n\n${settingsText(plan, app.config.postgres.url !== null)}`;
}

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
