import type { Command } from 'commander';
import { pooledText, PRACTICE_PHOTOS, type HumanAccuracy } from '../../kernel/human-accuracy.ts';
import { shareText } from '../../kernel/texts.ts';
import { pathOf } from '../../page/frame.tsx';
import { checkQuiz, readHumanAccuracy } from '../../review/quiz/quiz.process.ts';
import { acceptedPhotos } from '../../review/quiz/quiz.repository.ts';
import { DEFAULT_QUIZ, MOST_CHOICES, type QuizOptions } from '../../review/quiz/quiz.ts';
import { whereFlags } from '../crawl/crawl.ts';
import { serve } from '../server.ts';
import {
  addCommand,
  runOnCollection,
  runWithCollection,
  withWorkspace,
  wholeNumberFrom,
  type GlobalFlags,
} from '../start/context.ts';
import { countText, writeResult } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { addPageFlags, pageSettings, refuseSecondName, type PageFlags } from './review.ts';

const HELP = `
Prints the address of the page and serves it, with all other pages of winnow server, until Ctrl-C.
--json prints {"url": "http://127.0.0.1:4310/c/NAME/quiz"}.

A person names the class of accepted photos, and of controls if there are any, half and half. The first
${PRACTICE_PHOTOS} photos are for practice: the page tells their classes after each answer, and they do not count. The
others tell nothing. A person gets no photo that the person has reviewed. The photos of a person are drawn
once, when the person begins. The same seed draws the same photos for everyone. With --choices the
other classes are drawn from those that photos are searched as, each as likely as any other.

Examples:
  winnow quiz --collection imagenet-a --reviewer dora
  winnow quiz --collection imagenet-a --reviewer dora --photos 200 --choices 5
  winnow quiz results --collection imagenet-a --json
`;

interface QuizFlags extends PageFlags {
  readonly photos?: number;
  readonly choices?: number;
  readonly seed?: number;
}

export function addQuizCommand(program: Command): void {
  const quiz = addCommand(program, 'quiz', 'Serve the page on which people name the class of accepted photos');
  addPageFlags(quiz, 'the name under which the answers are stored')
    .option(
      '--photos <n>',
      `photos that count, beside those for practice (default: ${DEFAULT_QUIZ.photos})`,
      wholeNumberFrom(1, 100_000),
    )
    .option(
      '--choices <k>',
      'the person chooses among so many classes (default: types any class)',
      wholeNumberFrom(2, MOST_CHOICES),
    )
    .option('--seed <n>', `draws the photos (default: ${DEFAULT_QUIZ.seed})`, wholeNumberFrom(0, 999_999_999))
    .addHelpText('after', HELP)
    .action((flags: QuizFlags) => runQuiz(flags));
  addCommand(quiz, 'results', 'Show how often people name the class')
    .addHelpText('after', RESULTS_HELP)
    .action((_: GlobalFlags, command: Command) => showResults(command.optsWithGlobals<GlobalFlags>()));
}

async function runQuiz(flags: QuizFlags): Promise<void> {
  const { reviewer = null, photos = DEFAULT_QUIZ.photos, choices = null, seed = DEFAULT_QUIZ.seed } = flags;
  const options: QuizOptions = { photos, choices, seed };
  await runWithCollection(flags, { settings: pageSettings(flags) }, (context) =>
    withWorkspace(context, { name: 'quiz', access: 'use' }, async (workspace) => {
      const { app, scope, collection } = workspace;
      refuseSecondName(app, reviewer);
      checkQuiz(workspace, options);
      const { secondPass } = app.config.review;
      const accepted = await acceptedPhotos(app.db, scope, { reviewer: reviewer ?? '', secondPass });
      if (accepted.every(({ isReviewed }) => isReviewed))
        context.log.warn(
          `No photo is accepted that the person has not reviewed. \`winnow review ${whereFlags(context)}\` serves the page to accept some.`,
        );
      return serve(app, context, {
        reviewer,
        quiz: options,
        announce: (origin) => {
          const url = `${origin}${pathOf(collection.name)}quiz`;
          return writeResult(flags, { url }, () => `The quiz of ${collection.name} is at ${url} (Ctrl-C ends it)\n`);
        },
      });
    }),
  );
}

const RESULTS_HELP = `
Counts the answers on photos that are accepted now, without practice. The interval of a person is Wilson's 95 %
interval. The pooled ones have photos and people as clusters (docs/review.md).

Example:
  winnow quiz results --collection imagenet-a --json
`;

async function showResults(flags: GlobalFlags): Promise<void> {
  await runOnCollection(flags, { name: 'quiz', access: 'read' }, async ({ app, scope }) => {
    const results = await readHumanAccuracy(app.db, scope);
    await writeResult(flags, results, () => resultsText(results));
  });
}

function resultsText({ people, pooled }: HumanAccuracy): string {
  if (people.length === 0) return 'no human accuracy was measured: nobody has answered in the quiz yet\n';
  const rows = people.map((one) => [
    one.reviewer,
    `${countText(one.right)} of ${countText(one.photos)}`,
    one.accuracy === null ? '' : shareText(one.accuracy, 1),
    one.low === null || one.high === null ? '' : `${shareText(one.low, 1)} to ${shareText(one.high, 1)}`,
    `${countText(one.controlRight)} of ${countText(one.controlPhotos)}`,
  ]);
  const table = tableText(['person', 'right', 'accuracy', '95 % interval', 'controls right'], rows);
  const control = pooled.control === null ? '' : `controls: ${pooledText(pooled.control) ?? ''}\n`;
  return `${table}all:      ${pooledText(pooled.set) ?? 'no answers'}\n${control}`;
}
