import process from 'node:process';
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { exitWith } from './start/exit.ts';

type AddCommand = (program: Command) => void;

/** The commands in the order of the work. Each is loaded when it is asked for: loading all takes longer than most of them do. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  demo: async () => (await import('./demo.ts')).addDemoCommand,
  crawl: async () => (await import('./crawl/crawl.ts')).addCrawlCommand,
  filter: async () => (await import('./filter.ts')).addFilterCommand,
  shortlist: async () => (await import('./shortlist.ts')).addShortlistCommand,
  run: async () => (await import('./run/run.ts')).addRunCommand,
  status: async () => (await import('./status.ts')).addStatusCommand,
  candidates: async () => (await import('./candidates.ts')).addCandidatesCommand,
  'what-if': async () => (await import('./what-if/what-if.ts')).addWhatIfCommand,
  decisions: async () => (await import('./decisions.ts')).addDecisionsCommand,
  show: async () => (await import('./show.ts')).addShowCommand,
  server: async () => (await import('./server.ts')).addServerCommand,
  pause: async () => (await import('./pause.ts')).addPauseCommand,
  unpause: async () => (await import('./pause.ts')).addUnpauseCommand,
  retry: async () => (await import('./retry.ts')).addRetryCommand,
  resume: async () => (await import('./resume.ts')).addResumeCommand,
  prune: async () => (await import('./prune.ts')).addPruneCommand,
  takedown: async () => (await import('./takedown.ts')).addTakedownCommand,
  references: async () => (await import('./references.ts')).addReferencesCommand,
  classes: async () => (await import('./classes.ts')).addClassesCommand,
  collection: async () => (await import('./collection/collection.ts')).addCollectionCommand,
  move: async () => (await import('./move.ts')).addMoveCommand,
  models: async () => (await import('./models/models.ts')).addModelsCommand,
  config: async () => (await import('./config.ts')).addConfigCommand,
  doctor: async () => (await import('./doctor/doctor.ts')).addDoctorCommand,
};

/** The one command that is asked for; all of them where it is none, for the help and the error to name. */
async function wantedCommands(name: string | undefined): Promise<readonly AddCommand[]> {
  const wanted = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return Promise.all((wanted === undefined ? Object.values(COMMANDS) : [wanted]).map((load) => load()));
}

/** Parses the command line and runs the command; sets the exit code and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', noteFailedWrite);
  const program = new Command('winnow')
    .description(
      'Builds adversarially filtered image test sets: crawls candidate photos, drops what an ensemble of classifiers gets right, and shortlists the rest.',
    )
    .version(packageJson.version, '-V, --version', 'print the version')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'winnow: ')) })
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('(add --help for what the command takes)')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 a class or source could not be worked or photos have lost their bytes, 2 wrong usage, 130 interrupted.\n',
    );
  // Before the commands are added: they inherit it.
  program.exitOverride();
  for (const add of await wantedCommands(argv[2])) add(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    exitWith(error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : error);
  }
}

/**
 * `winnow --help | head`: whoever reads has enough. What a command itself writes is awaited, and its failure told
 * (output.ts); of the help, which is not, only the exit code tells that it could not be written.
 */
function noteFailedWrite(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exitCode = 1;
}
