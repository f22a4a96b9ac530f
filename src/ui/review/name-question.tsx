import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { messageOf, type ReviewApi } from './store/api.ts';

interface NameQuestionProps {
  readonly title: string;
  readonly api: ReviewApi;
  readonly onNamed: () => void;
  readonly children: ComponentChildren;
}

export function NameQuestion({ title, api, onNamed, children }: NameQuestionProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const send = async (name: string): Promise<void> => {
    try {
      await api.setReviewer(name);
      onNamed();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <main class="ask">
      <h1>{title}</h1>
      <p class="quiet">{children}</p>
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
