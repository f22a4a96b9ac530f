import { access, constants, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type * as z from 'zod';
import { displayPath } from '../core/config/root.ts';
import { codeOf, messageOf, StopTheRun, UsageError, WinnowError, unlessCode } from '../core/kernel/errors.ts';
import { openBlobFolder, type BlobFolder } from '../core/platform/blobs/blob-folder.ts';
import { makeFolder } from '../core/platform/disk/folders.ts';
import { replaceFile, UNFINISHED } from '../core/platform/disk/replace-file.ts';
import { withFileLock } from '../core/platform/lock/file-lock.ts';
import { FORMAT, snapshotSchema, takedownsSchema, type Snapshot, type Takedown } from './snapshot.ts';

/** An opened backup. All its files are whole or absent, and a snapshot's file is written after all that it refers to. */
export interface BackupFolder {
  readonly shown: string;
  readonly blobs: BlobFolder;
  /** Portions of tables, by the hash of their gzip file. */
  readonly catalogue: BlobFolder;
  readonly snapshots: string;
  readonly takedowns: string;
}

/** Only its owner may read a backup: it holds names, notes and addresses. */
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

function folderAt(dir: string): BackupFolder {
  const root = path.resolve(dir);
  return {
    shown: displayPath(root),
    blobs: openBlobFolder(path.join(root, 'blobs')),
    catalogue: openBlobFolder(path.join(root, 'catalogue')),
    snapshots: path.join(root, 'snapshots'),
    takedowns: path.join(root, 'takedowns.json'),
  };
}

export interface BackupFolderOptions {
  readonly dataDir: string;
  readonly create: boolean;
  readonly purpose: string;
}

/** Long enough for another command that is about to end. */
const LOCK_WAIT_MS = 1_000;

/**
 * Opens a backup for writing. Meanwhile no other command writes into it, whatever its catalogue.
 *
 * @throws UsageError `backup-inside-data`, `not-a-backup`, `no-backup`; StopTheRun `lock-timeout`, `backup-folder`
 */
export async function writeToBackup<T>(
  dir: string,
  options: BackupFolderOptions,
  work: (folder: BackupFolder) => Promise<T>,
): Promise<T> {
  const folder = await openToWrite(dir, options);
  const { purpose } = options;
  const lock = { path: path.join(path.resolve(dir), 'backup.lock'), purpose, waitMs: LOCK_WAIT_MS };
  const [result] = await orUnusable(folder, () =>
    withFileLock(lock, async () => {
      await removeUnfinished(folder);
      // Errors of the work are not those of the lock.
      return Promise.allSettled([work(folder)]);
    }),
  );
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

async function openToWrite(dir: string, { dataDir, create }: BackupFolderOptions): Promise<BackupFolder> {
  const folder = folderAt(dir);
  return orUnusable(folder, async () => {
    if (!create) await requireBackup(folder);
    await refuseNested(dir, dataDir);
    await makeFolder(path.resolve(dir), PRIVATE_FOLDER);
    const names = await readdir(dir);
    if (names.length > 0 && !names.includes(path.basename(folder.snapshots)))
      throw new UsageError(
        `Expected an empty folder or a backup in '${folder.shown}' but it has other files (${names.slice(0, 3).join(', ')}); give another folder`,
        { code: 'not-a-backup' },
      );
    await access(dir, constants.W_OK);
    for (const part of ['snapshots', 'blobs', 'catalogue']) await makeFolder(path.join(dir, part), PRIVATE_FOLDER);
    return folder;
  });
}

async function removeUnfinished({ blobs, catalogue, snapshots }: BackupFolder): Promise<void> {
  await blobs.removeUnfinished();
  await catalogue.removeUnfinished();
  for (const name of await readdir(snapshots)) if (name.endsWith(UNFINISHED)) await rm(path.join(snapshots, name));
}

/** Opens a backup for reading. It may be on a read-only disk. @throws UsageError `no-backup`, `backup-folder` */
export async function openToRead(dir: string): Promise<BackupFolder> {
  const folder = folderAt(dir);
  return orUnusable(folder, async () => {
    await requireBackup(folder);
    return folder;
  });
}

async function requireBackup({ shown, snapshots }: BackupFolder): Promise<void> {
  const state = await unlessCode(stat(snapshots), 'ENOENT', 'ENOTDIR');
  if (state?.isDirectory() === true) return;
  throw new UsageError(`There is no backup in '${shown}'; winnow backup DIR makes one`, { code: 'no-backup' });
}

/** A backup inside the data folder would be lost together with it. */
async function refuseNested(dir: string, dataDir: string): Promise<void> {
  const [backup, data] = [await realPathOf(dir), await realPathOf(dataDir)];
  if (!isWithin(backup, data) && !isWithin(data, backup)) return;
  const where = isWithin(backup, data) ? 'is inside the data folder' : 'contains the data folder';
  throw new UsageError(
    `The folder for the backup '${displayPath(dir)}' ${where} '${displayPath(dataDir)}': both would be lost together. Give a folder elsewhere, best on another disk`,
    { code: 'backup-inside-data' },
  );
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}${path.sep}`);
}

/** Without symbolic links. The last folders of the path may be missing. */
async function realPathOf(folder: string): Promise<string> {
  const absolute = path.resolve(folder);
  const real = await unlessCode(realpath(absolute), 'ENOENT');
  return real ?? path.join(await realPathOf(path.dirname(absolute)), path.basename(absolute));
}

/** The complete snapshots, the oldest first. @throws UsageError `backup-newer`; StopTheRun `backup-damaged` */
export async function readSnapshots({ snapshots }: BackupFolder): Promise<Snapshot[]> {
  const names = (await readdir(snapshots)).filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(names.map(async (name) => readSnapshot(path.join(snapshots, name))));
}

async function readSnapshot(file: string): Promise<Snapshot> {
  const value = await readJson(file);
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (typeof format === 'number' && format > FORMAT)
    throw new UsageError(
      `The snapshot '${displayPath(file)}' was made by a newer winnow: its format is ${format}, and this version reads ${FORMAT}. Use that version.`,
      { code: 'backup-newer' },
    );
  return parsed(snapshotSchema, value, file);
}

export async function writeSnapshot(folder: BackupFolder, snapshot: Snapshot): Promise<void> {
  await orUnusable(folder, () => writeJson(path.join(folder.snapshots, `${snapshot.id}.json`), snapshot));
}

export async function removeSnapshot(folder: BackupFolder, { id }: Snapshot): Promise<void> {
  await orUnusable(folder, () => rm(path.join(folder.snapshots, `${id}.json`)));
}

export async function readTakedowns({ takedowns }: BackupFolder): Promise<Takedown[]> {
  return parsed(takedownsSchema, (await unlessCode(readJson(takedowns), 'ENOENT')) ?? [], takedowns);
}

export async function writeTakedowns(folder: BackupFolder, takedowns: readonly Takedown[]): Promise<void> {
  await orUnusable(folder, () => writeJson(folder.takedowns, takedowns));
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw error;
    throw damaged(file, messageOf(error));
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const { data, error } = schema.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  throw damaged(file, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function damaged(file: string, problem: string): StopTheRun {
  return new StopTheRun(
    `The file '${displayPath(file)}' of the backup is damaged: ${problem}. Take it from a copy of the backup, or move it away to use the others`,
    { code: 'backup-damaged' },
  );
}

function writeJson(file: string, value: unknown): Promise<void> {
  return replaceFile(file, `${JSON.stringify(value)}\n`, { mode: PRIVATE_FILE, isDurable: true });
}

async function orUnusable<T>({ shown }: BackupFolder, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof WinnowError || codeOf(error) === undefined) throw error;
    throw new StopTheRun(
      `Cannot use the folder '${shown}' for the backup: ${messageOf(error)}. Check its disk and its permissions, or give another folder. Snapshots in it are unchanged.`,
      { code: 'backup-folder', cause: error },
    );
  }
}
