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
}

export const DEFAULT_QUIZ: QuizOptions = { photos: 100, choices: null };
/** Each button has a digit as its key. */
export const MOST_CHOICES = 9;

/** Nothing in it depends on the class of a photo: neither addresses nor the order. */
export interface QuizQuestion {
  readonly place: number;
  readonly sha256: Sha256;
  readonly isPractice: boolean;
  readonly choices: readonly Wnid[] | null;
}

/** `POST next`: the first photo without an answer. The first request of a person draws the photos, if `winnow quiz` has not. */
export interface QuizState {
  /** Answered photos of practice while it lasts, then of those that count. */
  readonly answered: number;
  /** All of them. */
  readonly of: number;
  /** `null` if there are no more. */
  readonly question: QuizQuestion | null;
}

/** `POST answers`. A second answer to a question is not stored. */
export interface QuizAnswer {
  readonly place: number;
  readonly sha256: Sha256;
  readonly wnid: Wnid;
  /** From the photo on the page to the answer, in milliseconds. */
  readonly ms: number;
}

export interface QuizAnswered {
  /** The class of a photo for practice; null in the quiz. */
  readonly truth: Wnid | null;
  readonly state: QuizState;
}
