import process from 'node:process';
import { type Command, InvalidArgumentError } from 'commander';
import { openApp, type App } from '../../runtime/open/app.process.ts';
import { hasData, requireData } from '../../runtime/open/data-folder.process.ts';
import { toldFailure } from '../../runtime/open/database-failure.process.ts';
import { collectionFromCatalogue, type RulesUse } from '../../models/workspace/rules.process.ts';
import { openWorkspace, type Workspace } from '../../models/workspace/workspace.process.ts';
import { usableCollection, type UsableCollection } from '../../collection/collection.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { silenceS3Client } from '../../config/env.ts';
import { loadConfig, type LoadedConfig } from '../../config/load-config.ts';
import type { SettingArgument } from '../../config/setting-layers.ts';
import { parseSetArgument } from '../../config/setting-text.ts';
import { typingOfCommands, writeCommandsAs } from '../../kernel/command-text.ts';
import { codeOf, Interrupted } from '../../kernel/errors.ts';
import { openLogger, type Logger } from '../../platform/log/logger.ts';
import { cancelStatements } from '../../platform/postgres/clients.ts';
import { collectionsWithRules } from '../../collection/collection.repository.ts';
import { watchOutput, exitWith } from '../text/output.ts';
import { listenForInterrupt } from './interrupt.ts';
import { noCollection } from './no-collection.ts';

export interface GlobalFlags {
  readonly collection?: string;
  readonly data: string;
  readonly json?: boolean;
  readonly config?: string;
  readonly set?: readonly string[];
}

export interface CommandContext {
  readonly flags: GlobalFlags;
  readonly loaded: LoadedConfig;
  /** Null if none is given, or if the command takes none. */
  readonly collection: Collection | null;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export function addCommand(parent: Command, name: string, description: string): Command {
  return addGlobalFlags(parent.command(name).description(description));
}

const DATA_FOLDER = 'data';

export function addGlobalFlags(command: Command, { data = DATA_FOLDER }: { data?: string } = {}): Command {
  return command
    .option(
      '--collection <name>',
      'the collection: a name under config/collections or in the catalogue, or the path of a file',
    )
    .option('--data <dir>', 'the data folder', data)
    .option('--json', 'print results as JSON on stdout (lists: one object a line); logs and progress go to stderr')
    .option('--config <file>', 'a file of settings, used instead of config/local.yaml')
    .option(
      '--set <name=value>',
      'one setting, e.g. filter.threads=2 (repeatable; `winnow config` lists them)',
      collect,
    );
}

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

interface CommandOptions {
  /** `named`: read if `--collection` names one. `needed`: without the flag, the only one in the catalogue is read. */
  readonly collection?: 'none' | 'named' | 'needed';
  readonly settings?: readonly SettingArgument[];
  readonly isWorker?: boolean;
}

export function wholeNumberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max} but received '${text}'.`);
  };
}

/** Gives a command its settings, logger and Ctrl-C signal. Errors become exit codes here and nowhere else. */
export async function runCommand(
  flags: GlobalFlags,
  action: (context: CommandContext) => Promise<void | number>,
  options: CommandOptions = {},
): Promise<void> {
  const { collection: use = 'none', settings = [], isWorker = false } = options;
  const { signal, stopListening } = listenForInterrupt({ isWorker });
  const output = watchOutput();
  writeCommandsAs({ ...typingOfCommands(), flags: flagsToRepeat(flags) });
  let databaseFolder: string | null = flags.data;
  try {
    const { collection, warnings } = use === 'none' ? NO_COLLECTION : await collectionOf(flags, signal, options);
    const loaded = await settingsFor(flags, collection, settings);
    if (loaded.config.postgres.url !== null) databaseFolder = null;
    if (loaded.config.blobs.url !== null) silenceS3Client();
    const log = loggerOf(loaded, isWorker);
    for (const warning of loaded.warnings.concat(warnings)) log.warn(warning);
    const code = await action({ flags, loaded, collection, log, signal });
    await output.flushed();
    // A command that knows its exit code returns it. Any other interrupted command counts as interrupted.
    exitWith(code ?? outcomeOf(signal, 0));
  } catch (error) {
    exitWith(outcomeOf(signal, output.failure() ?? (await toldFailure(error, databaseFolder))));
  } finally {
    stopListening();
  }
}

function flagsToRepeat({ data, config }: GlobalFlags): [string, string][] {
  return [
    ...(data === DATA_FOLDER ? [] : [['--data', data] as [string, string]]),
    ...(config === undefined ? [] : [['--config', config] as [string, string]]),
  ];
}

const NO_COLLECTION = { collection: null, warnings: [] };

/** A name without a file is looked up in the catalogue. */
async function collectionOf(
  flags: GlobalFlags,
  signal: AbortSignal,
  { collection: use, isWorker = false }: CommandOptions,
): Promise<UsableCollection | typeof NO_COLLECTION> {
  const { collection: name } = flags;
  const inCatalogue = <T>(read: (app: App) => Promise<T>): Promise<T | null> =>
    fromCatalogue(flags, { signal, isWorker }, read);
  if (name === undefined) return use === 'needed' ? onlyCollection(flags, inCatalogue) : NO_COLLECTION;
  try {
    return await usableCollection(name);
  } catch (error) {
    if (codeOf(error) !== 'unknown-collection') throw error;
    const collection = await inCatalogue((app) => collectionFromCatalogue(app, name));
    if (collection === null) throw error;
    return { collection, warnings: [] };
  }
}

/** @throws UsageError with the commands to type, if the catalogue has no collection or several */
async function onlyCollection(
  { data }: GlobalFlags,
  inCatalogue: <T>(read: (app: App) => Promise<T>) => Promise<T | null>,
): Promise<UsableCollection> {
  const stored = await inCatalogue(async (app) => {
    const names = await collectionsWithRules(app.db);
    const [only] = names;
    return { names, only: only === undefined || names.length > 1 ? null : await collectionFromCatalogue(app, only) };
  });
  const collection = stored?.only ?? null;
  if (collection === null) throw await noCollection(data, stored?.names ?? null);
  return { collection, warnings: [] };
}

async function fromCatalogue<T>(
  flags: GlobalFlags,
  { signal, isWorker }: { readonly signal: AbortSignal; readonly isWorker: boolean },
  read: (app: App) => Promise<T>,
): Promise<T | null> {
  const loaded = await settingsFor(flags, null);
  if (loaded.config.postgres.url === null && !(await hasData(flags.data))) return null;
  const context = { flags, loaded, signal, collection: null, log: loggerOf(loaded, isWorker) };
  return withApp(context, { name: 'collection', access: 'read', waitsForDatabase: isWorker }, read);
}

function outcomeOf(signal: AbortSignal, otherwise: unknown): unknown {
  return signal.aborted ? new Interrupted() : otherwise;
}

export function settingsFor(
  flags: GlobalFlags,
  collection: Collection | null,
  settings: readonly SettingArgument[] = [],
): Promise<LoadedConfig> {
  return loadConfig({
    argvSettings: [...(flags.set ?? []).map(parseSetArgument), ...settings],
    configFile: flags.config,
    collectionSettings: collection?.settings,
  });
}

function loggerOf({ config }: LoadedConfig, isWorker: boolean): Logger {
  const { level, format } = config.log;
  const automatic = isWorker && !process.stderr.isTTY ? 'json' : 'text';
  return openLogger({ level, format: format === 'auto' ? automatic : format }, process.stderr);
}

export interface CollectionContext extends CommandContext {
  readonly collection: Collection;
}

export async function runWithCollection(
  flags: GlobalFlags,
  options: Omit<CommandOptions, 'collection'>,
  action: (context: CollectionContext) => Promise<void | number>,
): Promise<void> {
  const withCollection = ({ collection, ...context }: CommandContext): Promise<void | number> => {
    if (collection === null) throw new Error('Expected a collection, because one is needed');
    return action({ ...context, collection });
  };
  await runCommand(flags, withCollection, { ...options, collection: 'needed' });
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
  readonly waitsForDatabase?: boolean;
  /**
   * Loads code that the action needs, while this process starts PostgreSQL. Not called if a server runs already. The action
   * imports the same code, so it reports a failure.
   */
  readonly whileStarting?: (loaded: LoadedConfig) => Promise<unknown>;
}

export async function runOnData(
  flags: GlobalFlags,
  use: DataUse,
  action: (app: App, context: CommandContext) => Promise<void | number>,
): Promise<void> {
  await runCommand(flags, (context) => withApp(context, use, (app) => action(app, context)));
}

export async function runOnCollection(
  flags: GlobalFlags,
  use: DataUse,
  action: (workspace: Workspace, context: CollectionContext) => Promise<void | number>,
): Promise<void> {
  await runWithCollection(flags, {}, (context) =>
    withWorkspace(context, use, (workspace) => action(workspace, context)),
  );
}

export async function withWorkspace<T>(
  context: CollectionContext,
  use: DataUse,
  action: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  return withApp(context, use, async (app) => action(await openWorkspace(app, context.collection, use.rules)));
}

export async function withApp<T>(
  context: CommandContext,
  { name, access = 'fill', waitsForDatabase, whileStarting }: DataUse,
  action: (app: App) => Promise<T>,
): Promise<T> {
  const { loaded, flags, log, signal } = context;
  // With the user's own PostgreSQL server the data is elsewhere, and the folder with blobs may be created later.
  if (access !== 'fill' && loaded.config.postgres.url === null) await requireData(flags.data);
  const app = await openApp({
    config: loaded.config,
    log,
    dataDir: flags.data,
    clientName: name,
    databaseFrom: loaded.origins.get('postgres.url')?.where,
    redisFrom: loaded.origins.get('queue.redisUrl')?.where,
    signal,
    waitsForDatabase,
    whileStarting: () => void whileStarting?.(loaded).catch(() => {}),
  });
  // A cancellation fails if there is nothing to cancel. The command then ends after its statement.
  const cancel = (): void => void cancelStatements(app.db).catch(() => {});
  if (access === 'read') signal.addEventListener('abort', cancel);
  try {
    return await action(app);
  } finally {
    signal.removeEventListener('abort', cancel);
    await app.close();
  }
}
