import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ReviewSetup } from '../../../core/review/desk/desk.ts';
import { NameQuestion } from './name-question.tsx';
import { ApiError, errorText, type ReviewApi } from './store/api.ts';

const AGAIN_AFTER_MS = 3_000;

interface OpenerProps<T> {
  readonly api: ReviewApi;
  /** Called again after a failure that may pass. */
  readonly open: (setup: ReviewSetup) => Promise<T>;
  readonly waiting: string;
  /** The title and the text of the question for the person's name. */
  readonly question: { readonly title: string; readonly text: ComponentChildren };
  readonly children: (opened: T) => JSX.Element;
}

type Opened<T> = { readonly value: T } | { readonly problem: string } | 'unnamed';

/** Asks for the name of a person who may review and has given none. Then opens the page. */
export function Opener<T>({ api, open, waiting, question, children }: OpenerProps<T>) {
  const [opened, setOpened] = useState<Opened<T> | null>(null);
  const begin = async (): Promise<void> => {
    try {
      const setup = await api.setup();
      setOpened(setup.reviewer === null && setup.mayReview ? 'unnamed' : { value: await open(setup) });
    } catch (error) {
      setOpened({ problem: errorText(error) });
      if (!(error instanceof ApiError) || error.isPassing) setTimeout(() => void begin(), AGAIN_AFTER_MS);
    }
  };
  useEffect(() => void begin(), []);
  if (opened === 'unnamed')
    return (
      <NameQuestion title={question.title} api={api} onNamed={() => void begin()}>
        {question.text}
      </NameQuestion>
    );
  if (opened !== null && 'value' in opened) return children(opened.value);
  return (
    <main class="ask" aria-busy={opened === null ? true : undefined}>
      {opened === null ? (
        waiting
      ) : (
        <p role="alert" class="trouble">
          {opened.problem}
        </p>
      )}
    </main>
  );
}
