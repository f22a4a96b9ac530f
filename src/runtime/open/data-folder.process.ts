import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { nearest } from '../../config/nearest.ts';
import { displayPath } from '../../config/root.ts';
import { UsageError } from '../../kernel/errors.ts';
import { refuseMarkedRestore } from './restore-mark.process.ts';

/**
 * Refuses a data folder without data, for commands that would have nothing to do there. Without this check, a mistyped name would
 * create a catalogue of 50 MB. If the path is not a folder, opening it later reports that.
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
