import { useEffect, useState } from 'preact/hooks';
import type { NamedClass } from '../../../core/collection/label-index.ts';
import type { ReviewSetup } from '../../../core/review/desk/desk.ts';
import { Opener } from '../review/opener.tsx';
import { reviewApi } from '../review/store/api.ts';
import { mount } from '../mount.tsx';
import { QuestionPage } from './question.tsx';
import { QuizStore } from './quiz-store.ts';
import { Calm, End, Intro } from './words.tsx';

const QUESTION = {
  title: 'Who answers?',
  text: 'Your name is stored with each of your answers. Give the name under which you review, if you do: photos that you have reviewed are left out.',
};

function Quiz({ collection }: { readonly collection: string }) {
  const api = reviewApi(collection, null);
  const open = async (setup: ReviewSetup) => ({ setup, classes: await api.names() });
  return (
    <Opener api={api} open={open} waiting="Opening the quiz …" question={QUESTION}>
      {({ setup: { reviewer, mayReview }, classes }) =>
        mayReview && reviewer !== null ? (
          <Questions {...{ collection, reviewer, classes }} />
        ) : (
          <Calm>Your role allows viewing only. Ask for a reviewer’s token.</Calm>
        )
      }
    </Opener>
  );
}

interface QuestionsProps {
  readonly collection: string;
  readonly reviewer: string;
  readonly classes: readonly NamedClass[];
}

function Questions({ collection, reviewer, classes }: QuestionsProps) {
  const [hasStarted, start] = useState(false);
  const [store] = useState(() => new QuizStore(reviewApi(collection, reviewer)));
  useEffect(() => void store.send(null), []);
  const shown = store.shown.value;
  const { state, solved, problem } = shown;
  if (state === null) return <Calm>{problem ?? 'Looking for photos …'}</Calm>;
  if (state.question === null && solved === null) return <End state={state} />;
  if (state.answered === 0 && solved === null && !hasStarted)
    return <Intro state={state} onStart={() => start(true)} />;
  return <QuestionPage store={store} classes={classes} shown={{ ...shown, state }} />;
}

mount(Quiz);
