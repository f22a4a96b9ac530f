import type { Command } from 'commander';
import { UsageError } from '../../core/kernel/errors.ts';
import { humanAccuracyText, PRACTICE_PHOTOS } from '../../core/kernel/human-accuracy.ts';
import { pathOf } from '../../core/page/frame.tsx';
import { checkQuiz, drawQuiz, QUIZ_REFUSED, readHumanAccuracy } from '../../core/review/quiz/quiz.process.ts';
import { DEFAULT_QUIZ, MOST_CHOICES } from '../../core/review/quiz/quiz.ts';
import { serve } from './server.ts';
import { addCommand, runOnCollection, runWithCollection, withWorkspace } from '../../core/cli/start/context.ts';
import { optional, wholeNumber, type FlagsOf, type GlobalFlags } from '../../core/cli/start/flags.ts';
import { writeResult } from '../../core/cli/text/output.ts';
import { pageSettings, PORT, reviewerFlag } from './review.ts';

const HELP = `
Prints the address of the page and serves it, with all other pages of winnow server, until Ctrl-C.
--json prints {"url": "http://127.0.0.1:4310/c/NAME/quiz"}.

A person names the class of accepted photos that the person has not reviewed. If there are controls, up
to half of the photos are controls. The first ${PRACTICE_PHOTOS} photos are practice: the page shows the right class after each
answer, and they do not count. After that it shows none. With --choices the other buttons are
drawn from the classes that photos are searched as, each as likely as any other.

With --reviewer the command draws the photos of this person, unless the person has answered one.
Anyone else gets ${DEFAULT_QUIZ.photos} photos and types. Everyone gets the same photos, except those that they have reviewed.

Examples:
  winnow quiz --collection imagenet-a --reviewer dora
  winnow quiz --collection imagenet-a --reviewer dora --photos 200 --choices 5
  winnow quiz results --collection imagenet-a --json
`;

const QUIZ = {
  reviewer: reviewerFlag('the name under which the answers are stored'),
  port: PORT,
  photos: optional(
    wholeNumber(1, 100_000),
    'n',
    `photos that count, without practice (default: ${DEFAULT_QUIZ.photos})`,
  ),
  choices: optional(wholeNumber(2, MOST_CHOICES), 'k', 'the person chooses among K classes (default: types any class)'),
};

export function addQuizCommand(program: Command): void {
  const quiz = addCommand(program, 'quiz', 'Serve the page on which people name the class of accepted photos')
    .flags(QUIZ)
    .addHelpText('after', HELP)
    .run(runQuiz);
  addCommand(quiz, 'results', 'Show how often people name the class')
    .addHelpText('after', RESULTS_HELP)
    .run(showResults);
}

async function runQuiz(flags: FlagsOf<typeof QUIZ>): Promise<void> {
  const { reviewer = null, photos = DEFAULT_QUIZ.photos, choices = null } = flags;
  const hasOptions = flags.photos !== undefined || choices !== null;
  if (hasOptions && reviewer === null)
    throw new UsageError('--photos and --choices are for the photos of one person. Name the person with --reviewer.', {
      code: QUIZ_REFUSED,
    });
  await runWithCollection(flags, { settings: pageSettings(flags) }, (context) =>
    withWorkspace(context, { name: 'quiz', access: 'use' }, async (workspace) => {
      checkQuiz(workspace);
      const isDrawn = reviewer === null || (await drawQuiz(workspace, reviewer, { photos, choices }));
      if (hasOptions && !isDrawn)
        context.log.warn(
          `'${reviewer}' has answered already and keeps the same photos: --photos and --choices change nothing.`,
        );
      return serve(workspace.app, context, {
        reviewer,
        announce: (origin) => {
          const { name } = workspace.collection;
          const url = `${origin}${pathOf(name)}quiz`;
          return writeResult(flags, { url }, () => `The quiz of ${name} is at ${url} (Ctrl-C ends it)\n`);
        },
      });
    }),
  );
}

const RESULTS_HELP = `
Counts the answers on photos that are accepted now, without practice. The interval of a person is Wilson's 95 %
interval. The pooled ones have photos and people as clusters (docs/verdicts.md).

Example:
  winnow quiz results --collection imagenet-a --json
`;

async function showResults(flags: GlobalFlags): Promise<void> {
  await runOnCollection(flags, { name: 'quiz', access: 'read' }, async ({ app, scope }) => {
    const results = await readHumanAccuracy(app.db, scope);
    await writeResult(flags, results, () => `${humanAccuracyText(results)}\n`);
  });
}
