import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { MODES } from '../../collection/modes.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { HumanAccuracy } from '../../kernel/human-accuracy.ts';
import type { Wnid } from '../../kernel/ids.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { drawQuestions } from './draw.ts';
import {
  acceptedPhotos,
  countedAnswers,
  countReviewed,
  hasQuestions,
  insertAnswer,
  insertQuestions,
  quizPlaces,
  type QuizPlace,
} from './quiz.repository.ts';
import type { QuizAnswer, QuizAnswered, QuizOptions, QuizProgress, QuizState } from './quiz.ts';
import { humanAccuracy, withoutNames } from './results.ts';

export const QUIZ_REFUSED = 'quiz-refused';

/** @throws UsageError QUIZ_REFUSED in mode O, or if there are fewer classes than buttons */
export function checkQuiz({ collection }: Workspace, { choices }: QuizOptions): void {
  if (!MODES[collection.mode].showsClass)
    throw new UsageError(
      `A quiz asks which class a photo shows, but '${collection.name}' is of mode O, whose photos show none of the classes.`,
      { code: QUIZ_REFUSED },
    );
  const { length } = choiceClasses({ collection });
  if (choices !== null && choices > length)
    throw new UsageError(
      `Expected at most ${length} for --choices, as many as '${collection.name}' has classes, but received ${choices}`,
      { code: QUIZ_REFUSED },
    );
}

/** The buttons name only classes that photos are searched as. Others would tell which button is not right. */
const choiceClasses = ({ collection }: Pick<Workspace, 'collection'>): readonly Wnid[] => collection.classes.wnids;

/** The state of a person's quiz. Draws the questions if the person has none. */
export async function readQuiz(workspace: Workspace, reviewer: string, options: QuizOptions): Promise<QuizState> {
  const { app, scope } = workspace;
  const actor = { collectionId: scope.collectionId, reviewer };
  checkQuiz(workspace, options);
  if (!(await hasQuestions(app.db, actor))) {
    const photos = await acceptedPhotos(app.db, scope, { reviewer, secondPass: app.config.review.secondPass });
    const others = { classes: choiceClasses(workspace), secret: randomUUID() };
    await insertQuestions(app.db, actor, drawQuestions(photos, options, others));
  }
  const places = await quizPlaces(app.db, actor);
  const [first, second] = places.filter(({ isAnswered }) => !isAnswered);
  const progress = (practice: boolean): QuizProgress => {
    const own = places.filter(({ isPractice }) => isPractice === practice);
    const answered = own.filter(({ isAnswered }) => isAnswered).length;
    return { answered, open: own.length - answered };
  };
  return {
    practice: progress(true),
    quiz: progress(false),
    reviewed: await countReviewed(app.db, actor),
    question: first === undefined ? null : questionOf(first),
    upcoming: second?.sha256 ?? null,
  };
}

const questionOf = ({ place, sha256, isPractice, choices }: QuizPlace) => ({ place, sha256, isPractice, choices });

/** Returns null if the person has no such question, or if the class is not among its answers. */
export async function answerQuiz(
  workspace: Workspace,
  reviewer: string,
  { options, answer }: { readonly options: QuizOptions; readonly answer: QuizAnswer },
): Promise<QuizAnswered | null> {
  const { app, collection, scope } = workspace;
  const actor = { collectionId: scope.collectionId, reviewer };
  const asked = (await quizPlaces(app.db, actor)).find(({ place }) => place === answer.place);
  const classes = asked?.choices ?? collection.evidenceClasses.wnids;
  if (asked === undefined || !classes.includes(answer.wnid)) return null;
  await insertAnswer(app.db, actor, answer);
  return { truth: asked.isPractice ? asked.wnid : null, state: await readQuiz(workspace, reviewer, options) };
}

export async function readHumanAccuracy(
  db: Kysely<Database>,
  { collectionId }: Workspace['scope'],
): Promise<HumanAccuracy> {
  return humanAccuracy(await countedAnswers(db, collectionId));
}

/** The part of reports and exports, with letters instead of names. Empty in mode O, which has no quiz. */
export async function readHumanPart(
  db: Kysely<Database>,
  { collection, scope }: Pick<Workspace, 'collection' | 'scope'>,
) {
  return MODES[collection.mode].showsClass ? { human: withoutNames(await readHumanAccuracy(db, scope)) } : {};
}
