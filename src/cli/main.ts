import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { addCandidatesCommand } from './candidates.ts';
import { addCollectionCommand } from './collection.ts';
import { addConfigCommand } from './config.ts';
import { addCrawlCommand } from './crawl.ts';
import { addDecisionsCommand } from './decisions.ts';
import { addDemoCommand } from './demo.ts';
import { addDoctorCommand } from './doctor.ts';
import { exitWith } from './exit.ts';
import { addFilterCommand } from './filter.ts';
import { addModelsCommand } from './models.ts';
import { addResumeCommand } from './resume.ts';
import { addRetryCommand } from './retry.ts';
import { addRunCommand } from './run.ts';
import { addShortlistCommand } from './shortlist.ts';
import { addShowCommand } from './show.ts';
import { addStatusCommand } from './status.ts';
import { addTakedownCommand } from './takedown.ts';

/** The commands in the order of the work. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  addDemoCommand,
  addCrawlCommand,
  addFilterCommand,
  addShortlistCommand,
  addRunCommand,
  addStatusCommand,
  addCandidatesCommand,
  addDecisionsCommand,
  addShowCommand,
  addRetryCommand,
  addResumeCommand,
  addTakedownCommand,
  addCollectionCommand,
  addModelsCommand,
  addConfigCommand,
  addDoctorCommand,
];

/** Parses the command line and runs the command; sets the exit code and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
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
      '\nExit codes: 0 done, 1 a class or source could not be worked, 2 wrong usage, 130 interrupted.\n',
    );
  // Before the commands are added: they inherit it.
  program.exitOverride();
  for (const add of COMMANDS) add(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    exitWith(error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : error);
  }
}
