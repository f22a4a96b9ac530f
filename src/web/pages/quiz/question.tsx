import type { RefObject } from 'preact';
import { isolated } from '../review/words.ts';
import { digitOf } from '../review/keys.ts';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { NamedClass } from '../../../core/collection/label-index.ts';
import type { QuizQuestion, QuizState } from '../../../core/review/quiz/quiz.ts';
import { ClassPicker } from '../picker/class-picker.tsx';
import type { QuizStore, ShownQuiz } from './quiz-store.ts';
import { Onward, progressText } from './words.tsx';

/** A photo that cannot be loaded may have been taken down. Then the server gives the next one. */
const AGAIN_AFTER_MS = 3_000;
/** The second click of a double click must not answer for the next photo, whose buttons are at the same place at once. */
const DOUBLE_CLICK_MS = 300;

interface QuestionPageProps {
  readonly store: QuizStore;
  readonly classes: readonly NamedClass[];
  readonly shown: ShownQuiz & { readonly state: QuizState };
}

export function QuestionPage({ store, classes, shown: { state, solved, isSending, problem } }: QuestionPageProps) {
  const image = useRef<HTMLImageElement>(null);
  const loadedAtMs = useRef(0);
  const { question } = state;
  const sha256 = solved?.sha256 ?? question?.sha256 ?? '';
  // An answer before the photo is on the page does not count.
  const answer = (wnid: string): void => {
    const { complete = false, naturalWidth = 0 } = image.current ?? {};
    const ms = Math.round(performance.now() - loadedAtMs.current);
    if (question === null || !complete || naturalWidth === 0) return;
    if (question.choices !== null && ms < DOUBLE_CLICK_MS) return;
    void store.send({ place: question.place, sha256: question.sha256, wnid, ms });
  };
  const nameOf = (wnid: string): string => classes.find((one) => one.wnid === wnid)?.name ?? wnid;
  return (
    <main class="quiz-page" data-ready aria-busy={isSending}>
      <header>
        <h1>Which class is it?</h1>
        <p>{solved === null ? progressText(state) : 'Practice'}</p>
      </header>
      <QuizPhoto
        key={sha256}
        {...{ sha256, image }}
        onLoad={() => (loadedAtMs.current = performance.now())}
        onRetry={() => void store.send(null)}
      />
      <div class="answer">
        {solved === null ? null : (
          <div role="status">
            <p>
              {solved.said === solved.truth ? 'Right: ' : `You said ${isolated(nameOf(solved.said))}. The class is `}
            </p>
            <p class="searched">{nameOf(solved.truth)}</p>
            <Onward text="Next" onPress={() => store.goOn()} />
          </div>
        )}
        {solved !== null || question === null ? null : (
          <Answers key={sha256} question={question} {...{ classes, nameOf }} onAnswer={answer} />
        )}
        <p role="alert" class="trouble">
          {problem}
        </p>
      </div>
    </main>
  );
}

interface QuizPhotoProps {
  readonly sha256: string;
  readonly image: RefObject<HTMLImageElement>;
  readonly onLoad: () => void;
  readonly onRetry: () => void;
}

function QuizPhoto({ sha256, image, onLoad, onRetry }: QuizPhotoProps) {
  const [tries, setTries] = useState(0);
  const again = (): void => {
    setTries(tries + 1);
    onRetry();
  };
  return (
    <div class="photo">
      <img
        key={tries}
        ref={image}
        data-photo={sha256}
        src={`/previews/${sha256}`}
        alt="The photo to name"
        onError={() => setTimeout(again, AGAIN_AFTER_MS)}
        onLoad={onLoad}
      />
    </div>
  );
}

interface AnswersProps extends Pick<QuestionPageProps, 'classes'> {
  readonly question: QuizQuestion;
  readonly nameOf: (wnid: string) => string;
  readonly onAnswer: (wnid: string) => void;
}

function Answers({ question: { choices }, classes, nameOf, onAnswer }: AnswersProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.querySelector('input')?.focus();
    const press = (event: KeyboardEvent): void => {
      const wnid = choices?.[Number(digitOf(event) ?? 0) - 1];
      if (wnid !== undefined && !event.repeat) onAnswer(wnid);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  return (
    <div ref={box}>
      {choices === null ? (
        <ClassPicker label="Class" classes={classes} onPick={onAnswer} />
      ) : (
        <ol class="choices">
          {choices.map((wnid, i) => (
            <li key={wnid}>
              <button type="button" onClick={() => onAnswer(wnid)}>
                <kbd>{i + 1}</kbd> <bdi>{nameOf(wnid)}</bdi>
              </button>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
