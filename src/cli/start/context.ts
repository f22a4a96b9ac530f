import process from 'node:process';
import type { Command } from 'commander';
import { openApp, type App } from '../../app/open/app.ts';
import { requireData } from '../../app/open/data-folder.ts';
import { toldFailure } from '../../app/open/full-disk.ts';
import { openWorkspace, type Workspace } from '../../app/open/workspace.ts';
import { readTune } from '../../app/tune/tune-file.ts';
import { usableCollection, type UsableCollection } from '../../collection/collection.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { silenceS3Client } from '../../config/env.ts';
import { loadConfig, type LoadedConfig } from '../../config/load-config.ts';
import { parseSetArgument } from '../../config/setting-text.ts';
import { Interrupted, UsageError } from '../../kernel/errors.ts';
import { openLogger, type Logger } from '../../platform/log/logger.ts';
import { watchOutput } from '../output.ts';
import { exitWith } from './exit.ts';
import { listenForInterrupt } from './interrupt.ts';

/** Flags that every command takes. */
export interface GlobalFlags {
  readonly collection?: string;
  readonly data: string;
  readonly json?: boolean;
  readonly config?: string;
  readonly set?: readonly string[];
}

/** What a command receives. */
export interface CommandContext {
  readonly flags: GlobalFlags;
  readonly loaded: LoadedConfig;
  /** Why tuned settings are not used, or null. */
  readonly tuneProblem: string | null;
  readonly log: Logger;
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

const DEFAULT_DATA = 'data';

export function addGlobalFlags(command: Command, options: { data?: string } = {}): Command {
  return command
    .option('--collection <name>', 'the collection: a name under config/collections, or the path of a file')
    .option('--data <dir>', 'the data folder', options.data ?? DEFAULT_DATA)
    .option('--json', 'print results as JSON on stdout (lists: one object a line); logs and progress go to stderr')
    .option('--config <file>', 'a file of settings, used instead of config/local.yaml')
    .option(
      '--set <name=value>',
      'one setting, e.g. filter.threads=2 (repeatable; `winnow config` lists them)',
      collect,
    );
}

/** Parses a flag that may be repeated. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Gives a command its settings, logger and Ctrl-C signal. Errors become exit codes here and nowhere else. */
export async function runCommand(
  flags: GlobalFlags,
  action: (context: CommandContext) => Promise<void | number>,
  options: {
    readonly collection?: Collection | undefined;
    readonly settings?: readonly (readonly [string, string, string])[];
    /** Logged once the logger exists. */
    readonly warnings?: readonly string[];
    readonly isWorker?: boolean | undefined;
  } = {},
): Promise<void> {
  const { signal, stopListening } = listenForInterrupt({ isWorker: options.isWorker });
  const output = watchOutput();
  let databaseFolder: string | null = flags.data;
  try {
    const tuned = await readTune(flags.data);
    const loaded = await loadConfig({
      argvSettings: [...(flags.set ?? []).map(parseSetArgument), ...(options.settings ?? [])],
      configFile: flags.config,
      collectionSettings: options.collection?.settings,
      tuned: tuned.layer,
    });
    if (loaded.config.postgres.url !== null) databaseFolder = null;
    if (loaded.config.blobs.url !== null) silenceS3Client();
    const log = loggerOf(loaded, options.isWorker);
    for (const warning of loaded.warnings.concat(options.warnings ?? [])) log.warn(warning);
    const code = await action({ flags, loaded, tuneProblem: tuned.problem, log, signal });
    await output.flushed();
    // A command that knows its exit code returns it. Any other interrupted command counts as interrupted.
    exitWith(code ?? outcomeOf(signal, 0));
  } catch (error) {
    exitWith(outcomeOf(signal, output.failure() ?? (await toldFailure(error, databaseFolder))));
  } finally {
    stopListening();
  }
}

/** The outcome of an interrupted command is the interruption, whatever else happened. */
function outcomeOf(signal: AbortSignal, otherwise: unknown): unknown {
  return signal.aborted ? new Interrupted() : otherwise;
}

function loggerOf({ config }: LoadedConfig, isWorker: boolean | undefined): Logger {
  const { level, format } = config.log;
  const automatic = isWorker === true && !process.stderr.isTTY ? 'json' : 'text';
  return openLogger({ level, format: format === 'auto' ? automatic : format }, process.stderr);
}

/** The collection that `--collection` names, with warnings about its file. */
export async function collectionOf(flags: GlobalFlags): Promise<UsableCollection> {
  if (flags.collection !== undefined) return usableCollection(flags.collection);
  throw new UsageError(
    'No collection was given. Add --collection NAME (a name under config/collections, or the path of a file); `winnow collection list` shows the known ones',
    {
      code: 'collection-missing',
    },
  );
}

export interface WorkspaceCommand {
  /** Shown in logs and in the database's list of clients. */
  readonly name: string;
  readonly settings?: readonly (readonly [string, string, string])[];
  /** How the command uses the data folder. Default: `fill`. */
  readonly access?: DataAccess;
  /** The logs are for programs. */
  readonly isWorker?: boolean;
}

/**
 * `fill` creates what is missing. `use` and `read` refuse a folder without data. At Ctrl-C, the statements of a command
 * that only reads are cancelled, because it has no jobs in flight.
 */
export type DataAccess = 'fill' | 'use' | 'read';

/** Runs a command on a collection: opens the data folder, and always closes it. */
export async function runOnCollection(
  flags: GlobalFlags,
  command: WorkspaceCommand,
  action: (workspace: Workspace, context: CommandContext) => Promise<void | number>,
): Promise<void> {
  await runPrepared(flags, { ...command, prepare: () => Promise.resolve() }, (workspace, context) =>
    action(workspace, context),
  );
}

/** The same, for a command that checks something before the data folder is opened. */
export async function runPrepared<Prepared>(
  flags: GlobalFlags,
  command: WorkspaceCommand & { prepare(collection: Collection, context: CommandContext): Promise<Prepared> },
  action: (workspace: Workspace, context: CommandContext, prepared: Prepared) => Promise<void | number>,
): Promise<void> {
  await runWithCollection(flags, command, async (collection, context) => {
    const prepared = await command.prepare(collection, context);
    return withApp(context, command, async (app) => action(await openWorkspace(app, collection), context, prepared));
  });
}

/** The same, for a command that opens the data folder only if it needs it. */
export async function runWithCollection(
  flags: GlobalFlags,
  command: Pick<WorkspaceCommand, 'settings' | 'isWorker'>,
  action: (collection: Collection, context: CommandContext) => Promise<void | number>,
): Promise<void> {
  let found: UsableCollection;
  try {
    found = await collectionOf(flags);
  } catch (error) {
    exitWith(error);
    return;
  }
  const { collection, warnings } = found;
  await runCommand(flags, (context) => action(collection, context), {
    collection,
    warnings,
    isWorker: command.isWorker,
    ...(command.settings === undefined ? {} : { settings: command.settings }),
  });
}

/** Opens the data folder while an action runs. */
export async function withApp<T>(
  context: CommandContext,
  { name, access = 'fill' }: Pick<WorkspaceCommand, 'name' | 'access'>,
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
  });
  // A cancellation can fail if there is nothing to cancel, or no connection to do it. The command then ends after its
  // statement.
  const cancel = (): void => void app.cancelStatements().catch(() => {});
  if (access === 'read') signal.addEventListener('abort', cancel);
  try {
    return await action(app);
  } finally {
    signal.removeEventListener('abort', cancel);
    await app.close();
  }
}
