import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { readTyping } from '../../page/command.tsx';
import type { NamedClass } from '../../collection/label-index.ts';
import type { ReviewSetup } from '../../review/desk/desk.ts';
import { NameQuestion } from '../review/name-question.tsx';
import { ApiError, messageOf, reviewApi } from '../review/store/api.ts';
import { QuestionPage } from './question.tsx';
import { QuizStore } from './quiz-store.ts';
import { End, Intro } from './words.tsx';

interface Opened {
  readonly setup: ReviewSetup;
  readonly classes: readonly NamedClass[];
}

const AGAIN_AFTER_MS = 3_000;

function Quiz({ collection }: { readonly collection: string }) {
  const [opened, setOpened] = useState<Opened | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const api = reviewApi(collection, null);
  const open = async (): Promise<void> => {
    try {
      const setup = await api.setup();
      setOpened({ setup, classes: await api.names() });
    } catch (error) {
      setProblem(messageOf(error));
      if (!(error instanceof ApiError) || error.isPassing) setTimeout(() => void open(), AGAIN_AFTER_MS);
    }
  };
  useEffect(() => void open(), []);
  if (opened === null) return <Calm>{problem ?? 'Opening the quiz …'}</Calm>;
  const { reviewer, mayReview } = opened.setup;
  if (!mayReview) return <Calm>Your role allows viewing only. Ask for a reviewer’s token.</Calm>;
  if (reviewer !== null) return <Questions {...{ collection, reviewer }} classes={opened.classes} />;
  return (
    <NameQuestion title="Who answers?" api={api} onNamed={() => void open()}>
      Your name is stored with each of your answers. Give the name under which you review, if you do: photos that you
      have reviewed are left out.
    </NameQuestion>
  );
}

interface QuestionsProps extends Pick<Opened, 'classes'> {
  readonly collection: string;
  readonly reviewer: string;
}

function Questions({ collection, reviewer, classes }: QuestionsProps) {
  const [hasStarted, start] = useState(false);
  const [, showAgain] = useState(0);
  const [store] = useState(
    () =>
      new QuizStore(reviewApi(collection, reviewer), `${collection} ${reviewer}`, () =>
        showAgain((count) => count + 1),
      ),
  );
  useEffect(() => void store.begin(), []);
  const { state, told, problem } = store.shown;
  if (state === null) return <Calm>{problem ?? 'Looking for photos …'}</Calm>;
  if (state.question === null && told === null) return <End state={state} />;
  if (state.practice.answered + state.quiz.answered === 0 && !hasStarted)
    return <Intro state={state} onStart={() => start(true)} />;
  return <QuestionPage store={store} classes={classes} shown={{ ...store.shown, state }} />;
}

function Calm({ children }: { readonly children: string }) {
  return (
    <main class="ask">
      <p role="status">{children}</p>
    </main>
  );
}

readTyping(document.documentElement.dataset['typing']);
const app = document.querySelector<HTMLElement>('#app');
const collection = app?.dataset['collection'];
if (app !== null && collection !== undefined) render(<Quiz collection={collection} />, app);
