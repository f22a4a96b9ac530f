import process from 'node:process';
import { type Command, Option } from 'commander';
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

/** What a command is given. */
export interface CommandContext {
  readonly flags: GlobalFlags;
  readonly loaded: LoadedConfig;
  /** Why settings that were tuned are not used, or null. */
  readonly tuneProblem: string | null;
  readonly log: Logger;
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

const DEFAULT_DATA = 'data';

export function addGlobalFlags(command: Command, options: { data?: string } = {}): Command {
  return command
    .addOption(
      new Option('--collection <name>', 'the collection: a name under config/collections, or the path of a file'),
    )
    .addOption(new Option('--data <dir>', 'the data folder').default(options.data ?? DEFAULT_DATA))
    .addOption(
      new Option('--json', 'results as JSON (lists: one object a line) on stdout; logs and progress go to stderr'),
    )
    .addOption(new Option('--config <file>', 'settings, in place of config/local.yaml'))
    .addOption(
      new Option(
        '--set <name=value>',
        'one setting, e.g. filter.threads=2 (repeatable; `winnow config` lists them)',
      ).argParser(collect),
    );
}

/** Parses a flag that may be repeated. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Settings, logger and Ctrl-C for a command; errors become exit codes here and nowhere else. */
export async function runCommand(
  flags: GlobalFlags,
  action: (context: CommandContext) => Promise<void | number>,
  options: {
    readonly collection?: Collection | undefined;
    readonly settings?: readonly (readonly [string, string, string])[];
    /** Told once the logger is there. */
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
    // A command that tells how it ended says so by its code; of the others an interrupted one is not done.
    exitWith(code ?? outcomeOf(signal, 0));
  } catch (error) {
    exitWith(outcomeOf(signal, output.failure() ?? (await toldFailure(error, databaseFolder))));
  } finally {
    stopListening();
  }
}

/** Whatever came of an interrupted command came of the interruption. */
function outcomeOf(signal: AbortSignal, otherwise: unknown): unknown {
  return signal.aborted ? new Interrupted() : otherwise;
}

function loggerOf({ config }: LoadedConfig, isWorker: boolean | undefined): Logger {
  const { level, format } = config.log;
  const automatic = isWorker === true && !process.stderr.isTTY ? 'json' : 'text';
  return openLogger({ level, format: format === 'auto' ? automatic : format }, process.stderr);
}

/** The collection that `--collection` names, with what in its file is probably not meant. */
export async function collectionOf(flags: GlobalFlags): Promise<UsableCollection> {
  if (flags.collection !== undefined) return usableCollection(flags.collection);
  throw new UsageError(
    'Expected --collection NAME (a name under config/collections, or the path of a file) but it is missing; `winnow collection list` shows the known ones',
    {
      code: 'collection-missing',
    },
  );
}

export interface WorkspaceCommand {
  /** Shows in logs and in the database's list of clients. */
  readonly name: string;
  readonly settings?: readonly (readonly [string, string, string])[];
  /** What it has to do with a data folder: `use` has nothing to do in one that has no data yet. Default: `fill`. */
  readonly access?: DataAccess;
  /** Its logs are for programs. */
  readonly isWorker?: boolean;
}

/**
 * `fill` makes what is missing. `use` and `read` refuse a folder without data. At Ctrl-C a command that only reads has no
 * jobs in hand: its statements are ended.
 */
export type DataAccess = 'fill' | 'use' | 'read';

/** Runs a command that works on a collection: opens the data folder, and closes it whatever happens. */
export async function runOnCollection(
  flags: GlobalFlags,
  command: WorkspaceCommand,
  action: (workspace: Workspace, context: CommandContext) => Promise<void | number>,
): Promise<void> {
  await runPrepared(flags, { ...command, prepare: () => Promise.resolve() }, (workspace, context) =>
    action(workspace, context),
  );
}

/** The same for a command that has something to check before the data folder is opened. */
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

/** The same for a command that opens the data folder only if it has to. */
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

/** Opens the data folder for the length of an action. */
export async function withApp<T>(
  context: CommandContext,
  { name, access = 'fill' }: Pick<WorkspaceCommand, 'name' | 'access'>,
  action: (app: App) => Promise<T>,
): Promise<T> {
  const { loaded, flags, log, signal } = context;
  // A server of the user's own has its data wherever it is; a folder with blobs may be made later.
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
  // One that fails has nothing to end, or no connection to say so on; the command then ends after its statement.
  const cancel = (): void => void app.cancelStatements().catch(() => {});
  if (access === 'read') signal.addEventListener('abort', cancel);
  try {
    return await action(app);
  } finally {
    signal.removeEventListener('abort', cancel);
    await app.close();
  }
}
