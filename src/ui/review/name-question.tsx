import { useState } from 'preact/hooks';
import type { ReviewApi } from './api.ts';

interface NameQuestionProps {
  readonly api: ReviewApi;
  /** The server knows the name now. */
  readonly onNamed: () => void;
}

/** Asks once who reviews in this browser. */
export function NameQuestion({ api, onNamed }: NameQuestionProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const send = async (name: string): Promise<void> => {
    try {
      await api.setReviewer(name);
      onNamed();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <main class="review-wait">
      <h1>Who reviews?</h1>
      <p class="quiet">Your name is stored with each of your decisions.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const name = new FormData(event.currentTarget).get('name');
          if (typeof name === 'string') void send(name.trim());
        }}
      >
        <label>
          Name <input name="name" required maxLength={100} autoComplete="nickname" autofocus />
        </label>
        <button class="chosen">Start</button>
      </form>
      <p role="alert" class="trouble">
        {problem}
      </p>
    </main>
  );
}
