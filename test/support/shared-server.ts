import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { createDatabase, dropDatabase } from './database.ts';
import { keepCataloguesIn } from './winnow.ts';

/** URLs of databases by data folder. */
const catalogues = new Map<string, Promise<string>>();
const made = new Map<string, string>();

/**
 * Has the commands of a test file keep their catalogues on the PostgreSQL server of the run, a database for each data
 * folder. Then no command makes, starts or stops a server of its own, which takes seconds. At the end of the file the
 * databases are dropped; a connection that is still open fails the file. For files that do not test the embedded server.
 *
 * @param options.except names data folders (absolute paths) that keep a server of their own
 */
export function useSharedServer({ except = () => false }: { except?: (dataDir: string) => boolean } = {}): void {
  keepCataloguesIn({
    make: async (dataDir) => (except(dataDir) ? undefined : catalogueOf(dataDir)),
    of(dataDir) {
      if (except(dataDir)) return undefined;
      const url = made.get(dataDir);
      if (url === undefined) throw new Error(`Expected \`await catalogueOf('${dataDir}')\` before a command starts`);
      return url;
    },
  });
  afterAll(async () => {
    const urls = await Promise.all(catalogues.values());
    // The next file of this worker may want servers in its data folders.
    keepCataloguesIn(undefined);
    catalogues.clear();
    made.clear();
    for (const url of urls) await dropDatabase(url);
  });
}

/** The URL of a data folder's database; makes an empty, migrated one the first time. */
export function catalogueOf(dataDir: string): Promise<string> {
  return remember(path.resolve(dataDir), () => createDatabase('template'));
}

/** The URL of a data folder's database if it has one on the shared server. */
export function knownCatalogueOf(dataDir: string): string | undefined {
  return made.get(path.resolve(dataDir));
}

/** Copies a data folder and its catalogue. No command may be at work on it. */
export async function copyData(from: string, to: string): Promise<void> {
  const url = await catalogueOf(from);
  await mkdir(path.dirname(to), { recursive: true });
  await promisify(execFile)('cp', ['-a', from, to]);
  await useCopyOf(url, to);
}

/** Gives a data folder without a catalogue a copy of a database. */
export async function useCopyOf(url: string, dataDir: string): Promise<void> {
  await remember(path.resolve(dataDir), () => createDatabase({ copyOf: url }));
}

/** Takes the database of a data folder out of this file's care, so that it stays to the end of the run. Returns its URL. */
export async function keepCatalogueOf(dataDir: string): Promise<string> {
  const url = await catalogueOf(dataDir);
  catalogues.delete(path.resolve(dataDir));
  made.delete(path.resolve(dataDir));
  return url;
}

function remember(dataDir: string, make: () => Promise<string>): Promise<string> {
  const known = catalogues.get(dataDir);
  if (known !== undefined) return known;
  const url = make().then((created) => {
    made.set(dataDir, created);
    return created;
  });
  catalogues.set(dataDir, url);
  return url;
}
