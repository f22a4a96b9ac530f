import type { Collection } from '../collection/collection.ts';
import { collectionsWithRules } from '../collection/collection.repository.ts';
import { usableCollection, type UsableCollection } from '../collection/collection.process.ts';
import { loadConfig, type LoadedConfig } from '../config/load-config.ts';
import type { SettingArgument } from '../config/setting-layers.ts';
import { codeOf, Interrupted, WinnowError } from '../kernel/errors.ts';
import { collectionFromCatalogue, type RulesUse } from '../models/workspace/rules.process.ts';
import type { Logger } from '../platform/log/logger.ts';
import { cancelStatements } from '../platform/postgres/clients.ts';
import { openApp, type App } from '../runtime/open/app.process.ts';
import { hasData, requireData } from '../runtime/open/data-folder.process.ts';
import { explainFailure } from '../runtime/open/database-failure.process.ts';

/** A data folder, and how a command or a program works with it. */
export interface Place {
  readonly data: string;
  /** A file of settings, used instead of config/local.yaml. */
  readonly config?: string | undefined;
  readonly settings: readonly SettingArgument[];
  readonly signal: AbortSignal;
  readonly waitsForDatabase?: boolean;
  readonly logOf: (loaded: LoadedConfig) => Logger;
}

export interface OpenPlace extends Pick<Place, 'data' | 'signal'> {
  readonly loaded: LoadedConfig;
  readonly log: Logger;
}

export interface DataUse {
  /** Shown in logs and in the database's list of clients. */
  readonly name: string;
  /**
   * `fill` creates what is missing (the default). `use` and `read` refuse a folder without data. At Ctrl-C, the statements
   * of a command that only reads are cancelled, because it has no jobs in flight.
   */
  readonly access?: 'fill' | 'use' | 'read';
  /** How to treat a collection file whose rules differ from the catalogue's. By default the catalogue's rules apply. */
  readonly rules?: RulesUse;
  /** True to wait for a PostgreSQL that is unreachable for a while, as commands that work on stages do. */
  readonly waitsForDatabase?: boolean | undefined;
  /**
   * Loads code that the action needs, while this process starts PostgreSQL. Not called if a server runs already. The action
   * imports the same code, so it reports a failure.
   */
  readonly whileStarting?: (loaded: LoadedConfig) => Promise<unknown>;
}

export function settingsFor(
  { config, settings }: Pick<Place, 'config' | 'settings'>,
  collection: Collection | null,
): Promise<LoadedConfig> {
  return loadConfig({ argvSettings: settings, configFile: config, collectionSettings: collection?.settings });
}

/** The caller closes the app. */
export async function openData({ loaded, data, log, signal }: OpenPlace, use: DataUse): Promise<App> {
  const { name, access = 'fill', waitsForDatabase, whileStarting } = use;
  // With the user's own PostgreSQL server the data is elsewhere, and the folder with blobs may be created later.
  if (access !== 'fill' && loaded.config.postgres.url === null) await requireData(data);
  return openApp({
    config: loaded.config,
    log,
    dataDir: data,
    clientName: name,
    databaseFrom: loaded.origins.get('postgres.url')?.where,
    redisFrom: loaded.origins.get('queue.redisUrl')?.where,
    signal,
    waitsForDatabase,
    whileStarting: () => void whileStarting?.(loaded).catch(() => {}),
  });
}

export async function withData<T>(place: OpenPlace, use: DataUse, action: (app: App) => Promise<T>): Promise<T> {
  const app = await openData(place, use);
  // A cancellation fails if there is nothing to cancel. The command then ends after its statement.
  const cancel = (): void => void cancelStatements(app.db).catch(() => {});
  if (use.access === 'read') place.signal.addEventListener('abort', cancel);
  try {
    return await action(app);
  } finally {
    place.signal.removeEventListener('abort', cancel);
    await app.close();
  }
}

/**
 * A name without a file is looked up in the catalogue.
 * @throws UsageError as `usableCollection`
 */
export async function namedCollection(name: string, place: Place): Promise<UsableCollection> {
  try {
    return await usableCollection(name);
  } catch (error) {
    if (codeOf(error) !== 'unknown-collection') throw error;
    const collection = await fromCatalogue(place, (app) => collectionFromCatalogue(app, name));
    if (collection === null) throw error;
    return { collection, warnings: [] };
  }
}

/** The only collection of the catalogue; or else the names of those that it has, null if there is no catalogue. */
export async function onlyCollection(place: Place): Promise<Collection | readonly string[] | null> {
  return fromCatalogue(place, async (app) => {
    const names = await collectionsWithRules(app.db);
    const [only] = names;
    return (only === undefined || names.length > 1 ? null : await collectionFromCatalogue(app, only)) ?? names;
  });
}

async function fromCatalogue<T>(place: Place, read: (app: App) => Promise<T>): Promise<T | null> {
  const { data, signal, waitsForDatabase, logOf } = place;
  const loaded = await settingsFor(place, null);
  if (loaded.config.postgres.url === null && !(await hasData(data))) return null;
  const use = { name: 'collection', access: 'read', waitsForDatabase } as const;
  return withData({ data, signal, loaded, log: logOf(loaded) }, use, read);
}

/** The error that a program gets. @param folder the data folder if it holds the database, otherwise null */
export async function errorForProgram(error: unknown, signal: AbortSignal, folder: string | null): Promise<unknown> {
  if (signal.aborted && !(error instanceof WinnowError)) return new Interrupted();
  return explainFailure(error, folder);
}
