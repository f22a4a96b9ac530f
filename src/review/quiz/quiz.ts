import type { Sha256, Wnid } from '../../kernel/ids.ts';

/**
 * The JSON protocol between the server and the quiz page. All paths are below `/c/NAME/api/quiz/`. Before, the page asks for
 * `../review/setup` and `../review/names`, as the review page does.
 */

/** How `winnow quiz` draws the photos of a person. */
export interface QuizOptions {
  /** Photos that count, without those for practice. */
  readonly photos: number;
  /** Buttons for each photo; null: the person types a class. */
  readonly choices: number | null;
  /** The same seed draws the same photos, without those that a person has reviewed. */
  readonly seed: number;
}

export const DEFAULT_QUIZ: QuizOptions = { photos: 100, choices: null, seed: 1 };
/** Each button has a digit as its key. */
export const MOST_CHOICES = 9;

/** Nothing in it depends on the class of a photo: neither addresses nor the order. */
export interface QuizQuestion {
  readonly place: number;
  readonly sha256: Sha256;
  readonly isPractice: boolean;
  readonly choices: readonly Wnid[] | null;
}

/** `POST next`: the first photo without an answer. The first request of a person draws the photos. */
export interface QuizState {
  readonly practice: QuizProgress;
  readonly quiz: QuizProgress;
  /** Accepted photos that the person does not get, because the person has reviewed them. */
  readonly reviewed: number;
  /** `null` if there are no more. */
  readonly question: QuizQuestion | null;
  /** The photo after it, so that the page can load it early. */
  readonly upcoming: Sha256 | null;
}

export interface QuizProgress {
  readonly answered: number;
  readonly open: number;
}

/** `POST answers`. A second answer to a question is not stored. */
export interface QuizAnswer {
  readonly place: number;
  readonly wnid: Wnid;
  /** From the photo on the page to the answer, in milliseconds. */
  readonly ms: number;
}

export interface QuizAnswered {
  /** The class of a photo for practice; null in the quiz. */
  readonly truth: Wnid | null;
  readonly state: QuizState;
}
