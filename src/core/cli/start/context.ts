import process from 'node:process';
import type { Command } from 'commander';
import type { App } from '../../runtime/open/app.process.ts';
import { explainFailure } from '../../runtime/open/database-failure.process.ts';
import { awaitServices } from '../../runtime/open/await-services.process.ts';
import { openWorkspace, type Workspace } from '../../models/workspace/workspace.process.ts';
import type { UsableCollection } from '../../collection/collection.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { silenceS3Client } from '../../config/env.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { Config } from '../../config/settings.ts';
import type { SettingArgument } from '../../config/setting-layers.ts';
import { parseSetArgument } from '../../config/setting-text.ts';
import { typingOfCommands, writeCommandsAs } from '../../kernel/command-text.ts';
import { Interrupted, UsageError } from '../../kernel/errors.ts';
import * as library from '../../library/open.process.ts';
import type { DataUse, Place } from '../../library/open.process.ts';
import type { Winnow } from '../../library/winnow.process.ts';
import { openLogger, type Logger } from '../../platform/log/logger.ts';
import { watchOutput, exitWith } from '../text/output.ts';
import { collect, FlaggedCommand, type GlobalFlags } from './flags.ts';
import { listenForInterrupt } from './interrupt.ts';
import { noCollection } from './no-collection.ts';

export { collect, type GlobalFlags } from './flags.ts';

export interface CommandContext {
  readonly flags: GlobalFlags;
  readonly loaded: LoadedConfig;
  /** Null if none is given, or if the command takes none. */
  readonly collection: Collection | null;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export function addCommand(parent: Command, name: string, description: string): FlaggedCommand<GlobalFlags> {
  const command = new FlaggedCommand<GlobalFlags>(name).copyInheritedSettings(parent).description(description);
  parent.addCommand(command);
  return addGlobalFlags(command);
}

/** For a command that is not about one collection: its help leaves out `--collection`, and `runCommand` refuses it. */
export function addPlainCommand(parent: Command, name: string, description: string): FlaggedCommand<GlobalFlags> {
  const command = addCommand(parent, name, description);
  command.options.find(({ long }) => long === '--collection')?.hideHelp();
  return command;
}

const DATA_FOLDER = 'data';

export function addGlobalFlags<Kind extends Command>(command: Kind, { data = DATA_FOLDER } = {}): Kind {
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

interface CommandOptions {
  /**
   * `none`: the flag is refused. `named`: read if `--collection` names one. `needed`: without the flag, the only one in the
   * catalogue is read. `logged`: the command looks up the name, because logs outlive collections.
   */
  readonly collection?: 'none' | 'named' | 'needed' | 'logged';
  readonly settings?: readonly SettingArgument[];
  readonly isWorker?: boolean;
  /** Waits at the start for services that are away, as a supervisor's processes do. */
  readonly waitsForServices?: boolean;
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
    await servicesAnswer(flags, signal, options);
    const { collection, warnings } = use === 'logged' ? NO_COLLECTION : await collectionOf(flags, signal, options);
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
    const outcome = outcomeOf(signal, output.failure() ?? (await explainFailure(error, databaseFolder)));
    exitWith(outcome, await lastLogOf(flags, isWorker));
  } finally {
    stopListening();
  }
}

/** @throws ServiceAway as `awaitServices`, for commands that wait for services */
async function servicesAnswer(
  flags: GlobalFlags,
  signal: AbortSignal,
  { waitsForServices = false, isWorker = false, settings }: CommandOptions,
): Promise<void> {
  if (!waitsForServices) return;
  const loaded = await settingsFor(flags, null, settings);
  const { config, origins } = loaded;
  const [databaseFrom, redisFrom] = (['postgres.url', 'queue.redisUrl'] as const).map(
    (name) => origins.get(name)?.where,
  );
  if (config.blobs.url !== null) silenceS3Client();
  const log = loggerOf(loaded, isWorker);
  await awaitServices({ config, log, signal, dataDir: flags.data, databaseFrom, redisFrom });
}

function flagsToRepeat({ data, config }: GlobalFlags): [string, string][] {
  return [
    ...(data === DATA_FOLDER ? [] : [['--data', data] as [string, string]]),
    ...(config === undefined ? [] : [['--config', config] as [string, string]]),
  ];
}

const NO_COLLECTION = { collection: null, warnings: [] };

/** @throws UsageError `unknown-collection`, `collection-unused`; `collection-missing` with the commands to type, if none is named and the catalogue has none or several */
async function collectionOf(
  flags: GlobalFlags,
  signal: AbortSignal,
  { collection: use = 'none', isWorker = false }: CommandOptions,
): Promise<UsableCollection | typeof NO_COLLECTION> {
  const logOf = (loaded: LoadedConfig): Logger => loggerOf(loaded, isWorker);
  const place: Place = { ...placeOf(flags), signal, waitsForDatabase: isWorker, logOf };
  if (flags.collection !== undefined) {
    const named = await library.namedCollection(flags.collection, place);
    if (use !== 'none') return named;
    throw new UsageError(
      `This command is not about one collection, so '--collection ${flags.collection}' would change nothing. Leave it out`,
      { code: 'collection-unused' },
    );
  }
  if (use !== 'needed') return NO_COLLECTION;
  const found = await library.onlyCollection(place);
  if (found === null || 'length' in found) throw await noCollection(flags.data, found);
  return { collection: found, warnings: [] };
}

function placeOf({ data, config, set = [] }: GlobalFlags): Pick<Place, 'data' | 'config' | 'settings'> {
  return { data, config, settings: set.map(parseSetArgument) };
}

function outcomeOf(signal: AbortSignal, otherwise: unknown): unknown {
  return signal.aborted ? new Interrupted() : otherwise;
}

export function settingsFor(
  flags: GlobalFlags,
  collection: Collection | null,
  settings: readonly SettingArgument[] = [],
): Promise<LoadedConfig> {
  const place = placeOf(flags);
  return library.settingsFor({ ...place, settings: [...place.settings, ...settings] }, collection);
}

function loggerOf({ config }: LoadedConfig, isWorker: boolean): Logger {
  const { level, format } = config.log;
  return openLogger({ level, format: formatOf(format, isWorker) }, process.stderr);
}

function formatOf(format: Config['log']['format'], isWorker: boolean): 'json' | 'text' {
  if (format !== 'auto') return format;
  return isWorker && !process.stderr.isTTY ? 'json' : 'text';
}

/** The log of a worker for its last line, which no `log.level` leaves out. Undefined if people read the log. */
export function fatalLogOf(format: Config['log']['format']): Logger | undefined {
  return formatOf(format, true) === 'json' ? openLogger({ level: 'fatal', format: 'json' }, process.stderr) : undefined;
}

/** The settings may be what is wrong, so they are read once more. */
async function lastLogOf(flags: GlobalFlags, isWorker: boolean): Promise<Logger | undefined> {
  if (!isWorker) return undefined;
  const format = await settingsFor(flags, null).then(
    ({ config }) => config.log.format,
    () => 'auto' as const,
  );
  return fatalLogOf(format);
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

/** For commands that do what a method of the library does. */
export async function runOnWinnow(
  flags: GlobalFlags,
  use: DataUse,
  action: (winnow: Winnow, context: CollectionContext) => Promise<void | number>,
): Promise<void> {
  await runWithCollection(flags, {}, (context) =>
    withApp(context, use, async (app) => {
      const { Winnow } = await import('../../library/winnow.process.ts');
      return action(new Winnow(app, context.collection), context);
    }),
  );
}

export async function withWorkspace<T>(
  context: CollectionContext,
  use: DataUse,
  action: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  return withApp(context, use, async (app) => action(await openWorkspace(app, context.collection, use.rules)));
}

export function withApp<T>(context: CommandContext, use: DataUse, action: (app: App) => Promise<T>): Promise<T> {
  return library.withData({ ...context, data: context.flags.data }, use, action);
}
