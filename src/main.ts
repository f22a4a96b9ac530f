import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { version } from './core/config/version.ts';
import { startedAs } from './core/config/program.ts';
import { asTyped, writeCommandsAs, type CommandName } from './core/kernel/command-text.ts';
import { HELP_LAYOUT } from './core/cli/start/help.ts';
import { exitWith } from './core/cli/text/output.ts';

type AddCommand = (program: Command) => void;

/** The commands by the heading under which the help lists them. Each is loaded when it is needed: loading all takes longer than most commands run. */
const GROUPS: Readonly<Record<string, Readonly<Partial<Record<CommandName, () => Promise<AddCommand>>>>>> = {
  'Build a collection:': {
    run: async () => (await import('./core/cli/run/run.ts')).addRunCommand,
    demo: async () => (await import('./demo.ts')).addDemoCommand,
    crawl: async () => (await import('./core/cli/crawl/crawl.ts')).addCrawlCommand,
    filter: async () => (await import('./core/cli/filter.ts')).addFilterCommand,
    evidence: async () => (await import('./exchange/cli/evidence.ts')).addEvidenceCommand,
    shortlist: async () => (await import('./core/cli/shortlist/shortlist.ts')).addShortlistCommand,
    review: async () => (await import('./web/cli/review.ts')).addReviewCommand,
    quiz: async () => (await import('./web/cli/quiz.ts')).addQuizCommand,
    rights: async () => (await import('./core/cli/rights.ts')).addRightsCommand,
    export: async () => (await import('./core/cli/export/export.ts')).addExportCommand,
    publish: async () => (await import('./exchange/cli/publish.ts')).addPublishCommand,
  },
  'Look at the results:': {
    status: async () => (await import('./core/cli/status/status.ts')).addStatusCommand,
    candidates: async () => (await import('./core/cli/status/lists.ts')).addCandidatesCommand,
    decisions: async () => (await import('./core/cli/status/lists.ts')).addDecisionsCommand,
    verdicts: async () => (await import('./core/cli/review/verdicts.ts')).addVerdictsCommand,
    acceptance: async () => (await import('./core/cli/review/acceptance.ts')).addAcceptanceCommand,
    reviewers: async () => (await import('./core/cli/review/reviewers.ts')).addReviewersCommand,
    agreement: async () => (await import('./core/cli/review/agreement.ts')).addAgreementCommand,
    show: async () => (await import('./core/cli/status/show.ts')).addShowCommand,
    'what-if': async () => (await import('./core/cli/what-if/what-if-command.ts')).addWhatIfCommand,
    classes: async () => (await import('./core/cli/classes.ts')).addClassesCommand,
    report: async () => (await import('./measure/cli/report.ts')).addReportCommand,
    verify: async () => (await import('./core/cli/export/verify.ts')).addVerifyCommand,
    evaluate: async () => (await import('./measure/cli/evaluate.ts')).addEvaluateCommand,
  },
  'Operate:': {
    server: async () => (await import('./web/cli/server.ts')).addServerCommand,
    pause: async () => (await import('./core/cli/operate/pause.ts')).addPauseCommand,
    unpause: async () => (await import('./core/cli/operate/pause.ts')).addUnpauseCommand,
    resume: async () => (await import('./core/cli/operate/resume.ts')).addResumeCommand,
    retry: async () => (await import('./core/cli/operate/retry.ts')).addRetryCommand,
    doctor: async () => (await import('./core/cli/doctor/doctor.ts')).addDoctorCommand,
    jobs: async () => (await import('./core/cli/operate/jobs.ts')).addJobsCommand,
    prune: async () => (await import('./core/cli/operate/prune.ts')).addPruneCommand,
    backup: async () => (await import('./keep/cli/backup.ts')).addBackupCommand,
    restore: async () => (await import('./keep/cli/restore.ts')).addRestoreCommand,
    takedown: async () => (await import('./core/cli/operate/takedown.ts')).addTakedownCommand,
    activity: async () => (await import('./core/cli/operate/activity.ts')).addActivityCommand,
    sessions: async () => (await import('./web/cli/sessions.ts')).addSessionsCommand,
    migrate: async () => (await import('./core/cli/operate/migrate.ts')).addMigrateCommand,
  },
  'Manage collections, models and settings:': {
    collection: async () => (await import('./core/cli/collection/collection.ts')).addCollectionCommand,
    models: async () => (await import('./core/cli/models/models.ts')).addModelsCommand,
    finetune: async () => (await import('./measure/cli/finetune.ts')).addFinetuneCommand,
    references: async () => (await import('./core/cli/references.ts')).addReferencesCommand,
    move: async () => (await import('./keep/cli/move.ts')).addMoveCommand,
    config: async () => (await import('./core/cli/config.ts')).addConfigCommand,
  },
};

/** Adds the named command. If there is none of that name, adds all, so that the help and the error can list them. The version needs none. */
async function addCommands(program: Command, name: string | undefined): Promise<void> {
  if (name === '-V' || name === '--version') return;
  const isKnown = Object.values(GROUPS).some((commands) => name !== undefined && Object.hasOwn(commands, name));
  for (const [heading, commands] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    const wanted = Object.entries(commands).filter(([one]) => !isKnown || one === name);
    for (const add of await Promise.all(wanted.map(([, load]) => load()))) add(program);
  }
  program.commandsGroup('Help:').helpCommand('help [command]', 'Show the help of a command');
}

/** Sets the exit code and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', noteFailedWrite);
  writeCommandsAs({ program: startedAs(argv[1] ?? 'winnow'), flags: [] });
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
  await addCommands(program, argv[2]);
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
