import type { QuizAnswer, QuizAnswered, QuizState } from '../../review/quiz/quiz.ts';
import { ApiError, messageOf, type ReviewApi } from '../review/store/api.ts';

const AGAIN_AFTER_MS = 2_000;

export interface Shown {
  /** Null until the server has answered. */
  readonly state: QuizState | null;
  /** A photo for practice that was just answered. The page tells its class before the next photo. */
  readonly told: { readonly sha256: string; readonly truth: string; readonly said: string } | null;
  readonly isSending: boolean;
  readonly problem: string | null;
}

/**
 * One answer at a time: the browser keeps it until the server has it, also if the page is loaded again. The server stores the
 * first answer to each photo, so sending one twice is harmless.
 */
export class QuizStore {
  shown: Shown = { state: null, told: null, isSending: false, problem: null };
  readonly #api: ReviewApi;
  readonly #key: string;
  readonly #onChange: () => void;

  constructor(api: ReviewApi, key: string, onChange: () => void) {
    this.#api = api;
    this.#key = `winnow-quiz ${key}`;
    this.#onChange = onChange;
  }

  async begin(): Promise<void> {
    const kept = localStorage.getItem(this.#key);
    if (kept === null) await this.#ask(null);
    else await this.#send(answerIn(kept));
  }

  async answer(answer: QuizAnswer): Promise<void> {
    if (this.shown.isSending) return;
    localStorage.setItem(this.#key, JSON.stringify(answer));
    await this.#send(answer);
  }

  goOn(): void {
    this.#show({ told: null });
  }

  async #send(answer: QuizAnswer): Promise<void> {
    const sha256 = this.shown.state?.question?.sha256;
    this.#show({ isSending: true });
    try {
      const { truth, state }: QuizAnswered = await this.#asked(() => this.#api.answer(answer));
      const told = truth === null || sha256 === undefined ? null : { sha256, truth, said: answer.wnid };
      this.#show({ state, told, problem: null });
    } catch (error) {
      await this.#ask(messageOf(error));
    }
    localStorage.removeItem(this.#key);
    this.#show({ isSending: false });
  }

  async #ask(problem: string | null): Promise<void> {
    try {
      this.#show({ state: await this.#asked(() => this.#api.question()), problem });
    } catch (error) {
      this.#show({ problem: messageOf(error) });
    }
  }

  /** Asks again until the server answers. @throws ApiError if the server refuses */
  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isPassing) throw error;
        this.#show({ problem: `${error.message}. The page tries again.` });
        await new Promise((resolve) => {
          setTimeout(resolve, AGAIN_AFTER_MS);
        });
      }
    }
  }

  #show(changed: Partial<Shown>): void {
    this.shown = { ...this.shown, ...changed };
    this.#onChange();
  }
}

const answerIn: (json: string) => QuizAnswer = JSON.parse;
