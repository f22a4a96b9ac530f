import { answerQuiz, readQuiz } from '../../../core/review/quiz/quiz.process.ts';
import type { QuizAnswered, QuizState } from '../../../core/review/quiz/quiz.ts';
import type { Site } from '../dashboard.ts';
import { namedDesk } from '../desk-of.ts';
import { BadRequest, bodyOf, quizAnswerBody, quizBody } from '../review-requests.ts';
import type { Exchange } from '../route.ts';

export async function sendQuestion(exchange: Exchange, site: Site): Promise<QuizState> {
  const { workspace, reviewer } = await namedDesk(exchange, site, bodyOf(quizBody, exchange).reviewer);
  return readQuiz(workspace, reviewer);
}

export async function answerQuestion(exchange: Exchange, site: Site): Promise<QuizAnswered> {
  const { reviewer: claimed, ...answer } = bodyOf(quizAnswerBody, exchange);
  const { workspace, reviewer } = await namedDesk(exchange, site, claimed);
  const answered = await answerQuiz(workspace, reviewer, answer);
  if (answered === null)
    throw new BadRequest(
      `Expected a photo that '${reviewer}' is asked about, and one of its classes, but received ${answer.sha256} at place ${answer.place} and the class '${answer.wnid}'; load the page again`,
      409,
    );
  return answered;
}
