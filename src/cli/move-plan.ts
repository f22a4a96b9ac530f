import type { App } from '../app/open/app.ts';
import { hideSecret } from '../config/quote.ts';
import { checkSetting } from '../config/setting-layers.ts';
import { UsageError } from '../kernel/errors.ts';
import { blobPlaceOf, isSamePlace, type BlobPlace } from '../platform/blobs/blob-place.ts';

export interface MoveFlags {
  readonly toDatabase?: string;
  readonly toBlobs?: string;
}

/** What to move and where to; null: it is not moved. */
export interface MovePlan {
  readonly database: { readonly url: string; readonly shown: string } | null;
  readonly blobs: { readonly url: string; readonly place: BlobPlace } | null;
}

/** @throws UsageError for flags that name no place, or the place where the data is already */
export function movePlanOf({ toDatabase, toBlobs }: MoveFlags, { config, dataDir, blobPlace }: App): MovePlan {
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

/** The settings that commands need from now on to find the data. Passwords are left out. */
export function settingsText({ database, blobs }: MovePlan, isExternal: boolean): string {
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
