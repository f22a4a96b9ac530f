import type { Kysely } from 'kysely';
import { secretFor } from '../../config/secret-for.ts';
import { MODES } from '../../collection/modes.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { HumanAccuracy } from '../../kernel/human-accuracy.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { sessionKeyOf } from '../../runtime/open/session-key.repository.ts';
import { lettersOf } from '../people/letters.repository.ts';
import { drawQuestions } from './draw.ts';
import {
  acceptedPhotos,
  countedAnswers,
  insertAnswer,
  quizPlaces,
  readDraw,
  replaceQuestions,
  type QuizPlace,
} from './quiz.repository.ts';
import type { QuizAnswer, QuizAnswered, QuizOptions, QuizState } from './quiz.ts';
import { humanAccuracy, withoutNames } from './results.ts';

export const QUIZ_REFUSED = 'quiz-refused';

/** @throws UsageError QUIZ_REFUSED in mode O */
export function checkQuiz({ collection }: Workspace): void {
  if (MODES[collection.mode].showsClass) return;
  throw new UsageError(
    `A quiz asks which class a photo shows, but '${collection.name}' is of mode O, whose photos show none of the classes.`,
    { code: QUIZ_REFUSED },
  );
}

/**
 * Draws the photos of a person, instead of those drawn before. Returns false, and draws nothing, if the person has answered one.
 * Buttons name only classes that photos are searched as. Others would tell which button is not right.
 */
export async function drawQuiz(workspace: Workspace, reviewer: string, options: QuizOptions): Promise<boolean> {
  const { app, scope, collection } = workspace;
  const photos = await acceptedPhotos(app.db, scope, { reviewer, secondPass: app.config.review.secondPass });
  // Draws that are repeated offer the same buttons. Otherwise the class that all draws offer would be the right one.
  const secret = secretFor('buttons of the quiz', await sessionKeyOf(app.db));
  const questions = drawQuestions(photos, options, { classes: collection.classes.wnids, secret });
  return replaceQuestions(app.db, actorOf(workspace, reviewer), { photos: options.photos, questions });
}

const actorOf = ({ scope: { collectionId } }: Workspace, reviewer: string) => ({ collectionId, reviewer });

/** The state of a person's quiz. Draws the photos if there are fewer than asked for, and the person has answered none. */
export async function readQuiz(workspace: Workspace, reviewer: string): Promise<QuizState> {
  checkQuiz(workspace);
  const { db } = workspace.app;
  const { drawn, answers, ...options } = await readDraw(db, actorOf(workspace, reviewer));
  if (answers === 0 && drawn < options.photos) await drawQuiz(workspace, reviewer, options);
  const places = await quizPlaces(db, actorOf(workspace, reviewer));
  const first = places.find(({ isAnswered }) => !isAnswered);
  const part = places.filter(({ isPractice }) => isPractice === (first?.isPractice ?? false));
  return {
    answered: part.filter(({ isAnswered }) => isAnswered).length,
    of: part.length,
    question: first === undefined ? null : questionOf(first),
  };
}

const questionOf = ({ place, sha256, isPractice, choices }: QuizPlace) => ({ place, sha256, isPractice, choices });

/** Returns null if the person has no such question, or if the class is not among its answers. */
export async function answerQuiz(
  workspace: Workspace,
  reviewer: string,
  answer: QuizAnswer,
): Promise<QuizAnswered | null> {
  const { app, collection } = workspace;
  const actor = actorOf(workspace, reviewer);
  const places = await quizPlaces(app.db, actor);
  const asked = places.find(({ place, sha256 }) => place === answer.place && sha256 === answer.sha256);
  const classes = asked?.choices ?? collection.evidenceClasses.wnids;
  if (asked === undefined || !classes.includes(answer.wnid)) return null;
  await insertAnswer(app.db, actor, answer);
  return { truth: asked.isPractice ? asked.wnid : null, state: await readQuiz(workspace, reviewer) };
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
  if (!MODES[collection.mode].showsClass) return {};
  return { human: withoutNames(await readHumanAccuracy(db, scope), await lettersOf(db, scope)) };
}
