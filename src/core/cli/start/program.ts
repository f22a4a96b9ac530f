import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { version } from '../../config/version.ts';
import { startedAs } from '../../config/program.ts';
import { asTyped, COMMANDS, writeCommandsAs, type CommandName } from '../../kernel/command-text.ts';
import { exitWith } from '../text/output.ts';
import { HELP_LAYOUT } from './help.ts';

type LoadCommand = () => Promise<(parent: Command) => void>;

/** Each command is loaded when it is needed: loading all takes longer than most commands run. */
export type Commands = Readonly<Partial<Record<CommandName, LoadCommand>>>;
/** Commands that a wing adds below a command of core, by its name. */
export type CommandsBelow = Readonly<Partial<Record<CommandName, readonly LoadCommand[]>>>;

export interface ProgramParts {
  readonly commands: Commands;
  readonly below?: CommandsBelow;
}

/** Adds the named command. If there is none of that name, adds all, so that the help and the error can list them. The version needs none. */
async function addCommands(
  program: Command,
  { commands, below = {} }: ProgramParts,
  name: string | undefined,
): Promise<void> {
  if (name === '-V' || name === '--version') return;
  const isKnown = name !== undefined && Object.hasOwn(commands, name);
  for (const [heading, names] of Object.entries(COMMANDS)) {
    program.commandsGroup(heading);
    const wanted = names.filter((one) => !isKnown || one === name);
    for (const add of await Promise.all(wanted.map(async (one) => commands[one]?.()))) add?.(program);
  }
  for (const [above, loads] of Object.entries(below)) {
    const parent = program.commands.find((command) => command.name() === above);
    if (parent !== undefined) for (const add of await Promise.all(loads.map((load) => load()))) add(parent);
  }
  program.commandsGroup('Help:').helpCommand('help [command]', 'Show the help of a command');
}

/** @param name the only command that is needed, or the flag of the version; all commands are loaded without it */
export async function programOf(parts: ProgramParts, name?: string): Promise<Command> {
  const program = new Command('winnow')
    .description(
      'Builds adversarially filtered image test sets: crawls candidate photos, drops what an ensemble of classifiers gets right, and shortlists the rest.',
    )
    .version(version, '-V, --version', 'print the version')
    .configureOutput({
      writeOut: (text) => void process.stdout.write(asTyped(text)),
      writeErr: (text) => void process.stderr.write(asTyped(text)),
      outputError: (text, write) => write(text.replace(/^error: /, 'winnow: ')),
    })
    .configureHelp(HELP_LAYOUT)
    .showHelpAfterError('(add --help to see the arguments and flags)')
    .addHelpText(
      'after',
      `
Start here: winnow demo builds a small test set from bundled photos in a minute. With photos of your own:
  winnow collection init NAME --from DIR
  winnow run --collection NAME
winnow COMMAND --help explains a command, with examples.

Exit codes: 0 done, 1 a class or source failed or photos have lost their bytes, 2 wrong usage, 130 interrupted.
`,
    );
  // Commands inherit this, so it comes before they are added.
  program.exitOverride();
  await addCommands(program, parts, name);
  return program;
}

/** Runs what was typed, with the commands that it is given. Sets the exit code and never throws. */
export async function runProgram(argv: readonly string[], parts: ProgramParts): Promise<void> {
  process.stdout.on('error', noteFailedWrite);
  writeCommandsAs({ program: startedAs(argv[1] ?? 'winnow'), flags: [] });
  const program = await programOf(parts, argv[2]);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    exitWith(error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : error);
  }
}

/** For `winnow --help | head`: the help is not awaited, so only the exit code shows that it could not be written. */
function noteFailedWrite(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exitCode = 1;
}
