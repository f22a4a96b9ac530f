import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { openToRead, readSnapshots } from '../../../src/keep/backup-folder.process.ts';
import { tablesOf } from '../../../src/keep/copy-tables.process.ts';
import { backUp, type BackedUp, type BackupOptions } from '../../../src/keep/backup.process.ts';
import { chooseSnapshot, restore, type Restored, type RestoreOptions } from '../../../src/keep/restore.process.ts';
import { connectPlainly } from '../../../src/keep/tables.repository.ts';
import { openApp, type App } from '../../../src/core/runtime/open/app.process.ts';
import type { Snapshot } from '../../../src/keep/snapshot.ts';
import { openWorkspace } from '../../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../../src/core/collection/collection.process.ts';
import { loadConfig } from '../../../src/core/config/load-config.ts';
import { toSha256, type Sha256 } from '../../../src/core/kernel/ids.ts';
import { openBlobFolder } from '../../../src/core/platform/blobs/blob-folder.ts';
import { openLogger } from '../../../src/core/platform/log/logger.ts';
import { applicationName, createDatabase, dropDatabase, useDatabase } from '../../support/database.ts';
import { DRAGONFLY, makeCatalogue } from '../../support/made-catalogue.ts';
import { suiteFolder } from '../../support/process-tree.ts';
import { repositoryRoot } from '../../support/winnow.ts';

const CANDIDATES = 100;
const CLASSES = 8;
export const { signal } = new AbortController();
const quiet = {
  onBegun: async () => undefined,
  onTable: () => undefined,
  onRows: () => undefined,
  onPhoto: () => undefined,
};

/** Set by `useMadeCatalogue`. */
let folder: ReturnType<typeof suiteFolder>;
let app: App | undefined;

/** A catalogue as a crawl and a filter leave it, with the bytes of its photos, for the tests of one file. */
export function useMadeCatalogue() {
  folder = suiteFolder();
  const database = useDatabase();
  beforeAll(async () => {
    app = await openAt(database.url, folder.at('data'));
    const workspace = await openWorkspace(app, (await usableCollection(await writeCollection())).collection);
    const counts = { candidates: CANDIDATES, seed: 1, withBytes: true, waiting: 0.1 };
    await makeCatalogue(workspace, { ...counts, signal, onProgress: () => undefined });
    await sql`insert into session_key (secret) values (decode(repeat('ab', 32), 'hex'))`.execute(app.db);
  });
  afterAll(() => app?.close());
  return { database, at: (...names: string[]) => folder.at(...names) };
}

/** Some classes of imagenet-a. All of them have ten times as many queries, which each backup and each restore would copy. */
async function writeCollection(): Promise<string> {
  const queries = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');
  const lines = (await readFile(queries, 'utf8')).trimEnd().split('\n');
  const wnids = lines.map((line): string => JSON.parse(line).wnid);
  const file = folder.at('some.yaml');
  const classes = [DRAGONFLY, ...wnids.filter((wnid) => wnid !== DRAGONFLY)].slice(0, CLASSES);
  await writeFile(
    file,
    `name: some\nclasses: [${classes.join(', ')}]\nqueries: ${queries}\nsources: [inaturalist, flickr, duckduckgo]\n` +
      'ensemble: [efficientnet-lite0, efficientnet-lite1]\n',
  );
  return file;
}

export function theApp(): App {
  if (app === undefined) throw new Error('Expected the app to be open');
  return app;
}

export async function openAt(url: string, dataDir: string): Promise<App> {
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: url } });
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  return openApp({ config, dataDir, clientName: 'backup', log });
}

/** A new folder for a backup, with a name that not every system can spell. */
export const folderFor = (name: string): string => folder.at(`Sicherung ü ${name}`);

export function backup(dir: string, changes: Partial<BackupOptions> = {}): Promise<BackedUp> {
  return backUp({ app: theApp(), dir, keep: 7, verify: false, signal, ...quiet, ...changes });
}

interface Target {
  readonly url: string;
  readonly dataDir: string;
}

/** A new database: empty, or with the tables of a catalogue. A restore takes both. */
export async function emptyTarget(from: 'nothing' | 'template' = 'template'): Promise<Target> {
  const url = await createDatabase(from);
  onTestFinished(() => dropDatabase(url));
  return { url, dataDir: folder.at(`restored-${new URL(url).pathname.slice(1)}`) };
}

export async function restoreInto(
  { url, dataDir }: Target,
  dir: string,
  { id, ...changes }: Partial<RestoreOptions> & { readonly id?: string } = {},
): Promise<Restored> {
  return restore({
    ...(await chooseSnapshot(dir, id)),
    connection: { url, applicationName: `winnow restore ${process.pid}` },
    shown: 'the target',
    advice: 'give another one',
    blobs: openBlobFolder(path.join(dataDir, 'blobs')),
    signal,
    ...quiet,
    ...changes,
  });
}

export async function contents(url: string): Promise<Record<string, unknown>> {
  const client = await connectPlainly(url, applicationName());
  try {
    const found: Record<string, unknown> = {};
    for (const table of await tablesOf(client, signal)) found[table.name] = await table.contents();
    return found;
  } finally {
    await client.end();
  }
}

export async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted();
}

export async function storedPhotos(): Promise<Sha256[]> {
  const { rows } = await sql<{ hex: string }>`
    select encode(sha256, 'hex') as hex from photo where bytes_state = 'stored' order by 1`.execute(theApp().db);
  return rows.map(({ hex }) => toSha256(hex));
}

export async function editSnapshot(dir: string, change: (snapshot: Snapshot) => Snapshot): Promise<void> {
  const opened = await openToRead(dir);
  const [snapshot] = await readSnapshots(opened);
  if (snapshot === undefined) throw new Error('Expected a snapshot');
  await writeFile(path.join(opened.snapshots, `${snapshot.id}.json`), JSON.stringify(change(snapshot)));
}

export function problemsOf({ checks }: Restored): string[] {
  return checks.flatMap(({ problems }) => problems);
}

/** Opens another catalogue until the end of the test. */
export async function openTarget({ url, dataDir }: Target): Promise<App> {
  const opened = await openAt(url, dataDir);
  onTestFinished(() => opened.close());
  return opened;
}

/** Has a photo pruned as far as its row says, until the end of the test. */
export async function markPruned(sha256: Sha256): Promise<void> {
  const mark = (state: 'pruned' | 'stored') =>
    sql`update photo set bytes_state = ${state}, pruned_at = case when ${state} = 'pruned' then now() end
      where sha256 = decode(${sha256}, 'hex')`.execute(theApp().db);
  onTestFinished(async () => void (await mark('stored')));
  await mark('pruned');
}

/** Takes a photo's bytes away until the end of the test. */
export async function withoutBytes(sha256: Sha256, instead?: string): Promise<void> {
  const file = theApp().blobs.placeOf(sha256);
  const bytes = await readFile(file);
  onTestFinished(() => writeFile(file, bytes));
  await (instead === undefined ? rm(file) : writeFile(file, instead));
}
