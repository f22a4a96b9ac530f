import { signal } from '@preact/signals';
import type { QuizAnswer, QuizAnswered, QuizState } from '../../../core/review/quiz/quiz.ts';
import { ApiError, errorText, type ReviewApi } from '../review/store/api.ts';

const AGAIN_AFTER_MS = 2_000;

export interface ShownQuiz {
  /** Null until the server has answered. */
  readonly state: QuizState | null;
  /** A photo for practice that was just answered. The page shows its class before the next photo. */
  readonly solved: { readonly sha256: string; readonly truth: string; readonly said: string } | null;
  readonly isSending: boolean;
  readonly problem: string | null;
}

/** One answer at a time. The server stores the first answer to each photo, so sending one twice is harmless. */
export class QuizStore {
  readonly shown = signal<ShownQuiz>({ state: null, solved: null, isSending: false, problem: null });
  readonly #api: ReviewApi;

  constructor(api: ReviewApi) {
    this.#api = api;
  }

  /**
   * Sends an answer, or asks for the photo if it is null. While the server cannot be reached, tries again. If the server refuses the
   * answer, shows why, with the photo that the server asks about now.
   */
  async send(answer: QuizAnswer | null, refusal: string | null = null): Promise<void> {
    if (this.shown.value.isSending) return;
    this.#show({ isSending: true });
    for (;;) {
      try {
        const { truth, state } = await this.#asked(answer);
        const solved = answer === null || truth === null ? null : { sha256: answer.sha256, truth, said: answer.wnid };
        return this.#show({ state, solved, problem: refusal, isSending: false });
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isPassing) {
          this.#show({ problem: errorText(error), isSending: false });
          return answer === null ? undefined : this.send(null, errorText(error));
        }
        this.#show({ problem: `${error.message}. The page tries again.` });
        await new Promise((resolve) => {
          setTimeout(resolve, AGAIN_AFTER_MS);
        });
      }
    }
  }

  goOn(): void {
    this.#show({ solved: null });
  }

  async #asked(answer: QuizAnswer | null): Promise<QuizAnswered> {
    return answer === null ? { truth: null, state: await this.#api.question() } : this.#api.answer(answer);
  }

  #show(changed: Partial<ShownQuiz>): void {
    this.shown.value = { ...this.shown.value, ...changed };
  }
}
