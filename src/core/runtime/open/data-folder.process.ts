import { readdir, stat, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nearest } from '../../tools/nearest.ts';
import { displayPath } from '../../config/root.ts';
import { UsageError, unlessCode } from '../../kernel/errors.ts';
import { makeDataFolder, syncFolder } from '../../platform/disk/folders.ts';

/**
 * Refuses a data folder without data, because a mistyped name would create a catalogue of 50 MB. A path that is not a
 * folder is reported when it is opened.
 *
 * @throws UsageError `no-data`, with the nearest folder that has data; `restore-unfinished`
 */
export async function requireData(dataDir: string): Promise<void> {
  await refuseMarkedRestore(dataDir);
  if (await hasData(dataDir)) return;
  const problem = await stat(dataDir).then(
    (state) => (state.isDirectory() ? null : 'file'),
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? null : error.code),
  );
  if (problem !== null) return;
  throw new UsageError(`There is no winnow data in '${dataDir}' (--data)${await hintOf(dataDir)}`, {
    code: 'no-data',
  });
}

/** True if the folder has a catalogue, or a command is creating one. */
export async function hasData(dataDir: string): Promise<boolean> {
  return stat(path.join(dataDir, 'postgres')).then(
    (state) => state.isDirectory(),
    () => false,
  );
}

const FOLDERS_SHOWN = 3;

async function hintOf(dataDir: string): Promise<string> {
  const below = await foldersWithData(dataDir);
  if (below.length > 0) return `; there is data in ${below.slice(0, FOLDERS_SHOWN).map(quoted).join(', ')}`;
  const beside = await foldersWithData(path.dirname(path.resolve(dataDir)));
  const name = nearest(
    path.basename(dataDir),
    beside.map((folder) => path.basename(folder)),
  );
  const found = beside.find((folder) => path.basename(folder) === name);
  return found === undefined
    ? '. winnow crawl, run and demo create it.'
    : `. Did you mean ${quoted(found)}? Otherwise winnow crawl, run and demo create it.`;
}

function quoted(folder: string): string {
  return `'${displayPath(folder)}'`;
}

async function foldersWithData(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(folder, entry.name))
    .toSorted();
  const found = await Promise.all(folders.map(async (one) => ((await hasData(one)) ? [one] : [])));
  return found.flat();
}

/** The mark of a restore whose catalogue does not exist yet. It holds the id of the snapshot. */
export const RESTORE_MARK = 'restore-unfinished';

/** Other commands must not take a data folder for empty until its catalogue itself says that it is being restored. */
export async function markRestore(dataDir: string, snapshot: string): Promise<void> {
  await makeDataFolder(path.resolve(dataDir));
  await writeFile(path.join(dataDir, RESTORE_MARK), `${snapshot}\n`);
  await syncFolder(dataDir);
}

export async function unmarkRestore(dataDir: string): Promise<void> {
  await rm(path.join(dataDir, RESTORE_MARK), { force: true });
}

/** @throws UsageError `restore-unfinished` if a restore has marked the data folder */
export async function refuseMarkedRestore(dataDir: string): Promise<void> {
  const snapshot = await markedRestore(dataDir);
  if (snapshot !== null) throw unfinishedRestore(snapshot, `the data folder '${dataDir}'`);
}

export function unfinishedRestore(snapshot: string, shown: string): UsageError {
  return new UsageError(
    `A restore of the snapshot ${snapshot} into ${shown} is not finished. Run winnow restore with --snapshot ${snapshot} again.`,
    { code: 'restore-unfinished' },
  );
}

/** The snapshot whose restore has marked the data folder, or null. A kill may leave the mark without its text. */
export async function markedRestore(dataDir: string): Promise<string | null> {
  const text = await unlessCode(readFile(path.join(dataDir, RESTORE_MARK), 'utf8'), 'ENOENT', 'ENOTDIR');
  return text === undefined ? null : text.trim() || 'unknown';
}
