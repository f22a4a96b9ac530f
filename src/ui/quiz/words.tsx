import { useLayoutEffect, useRef } from 'preact/hooks';
import { PRACTICE_PHOTOS } from '../../kernel/human-accuracy.ts';
import { countOf, countText } from '../../kernel/texts.ts';
import type { QuizState } from '../../review/quiz/quiz.ts';

interface IntroProps {
  readonly state: QuizState;
  readonly onStart: () => void;
}

export function Intro({ state: { practice, quiz, reviewed }, onStart }: IntroProps) {
  return (
    <main class="ask">
      <h1>Which class is it?</h1>
      <p>
        You see {countOf(quiz.open, 'photo')}, one after the other, and name what each of them shows. The page does not
        say whether you are right.
      </p>
      <p>
        {practice.open === 0
          ? 'There are no photos for practice, because too few photos are accepted.'
          : `Before, ${countOf(practice.open, 'photo is', 'photos are')} for practice. There the page tells you the class, and your answers do not count.`}
        {practice.open > 0 && practice.open < PRACTICE_PHOTOS
          ? ` There are fewer than ${PRACTICE_PHOTOS}, because too few photos are accepted.`
          : ''}
      </p>
      {reviewed === 0 ? null : <p>{reviewedText(reviewed)}</p>}
      <Onward text="Start" onPress={onStart} />
    </main>
  );
}

const reviewedText = (photos: number): string =>
  `${countOf(photos, 'photo is', 'photos are')} left out, because you have reviewed ${photos === 1 ? 'it' : 'them'}.`;

export function End({ state: { quiz, reviewed } }: { readonly state: QuizState }) {
  return (
    <main class="ask" data-ready>
      <h1>{quiz.answered === 0 ? 'There is no photo for you' : 'That was the last photo'}</h1>
      <p>
        {quiz.answered === 0
          ? 'No photo is accepted that you have not reviewed.'
          : `You have named ${countOf(quiz.answered, 'photo')}. Thank you.`}
      </p>
      {reviewed === 0 ? null : <p class="quiet">{reviewedText(reviewed)}</p>}
    </main>
  );
}

/** `Practice 3 of 20`, `Photo 12 of 100` */
export function progressText({ question, practice, quiz }: QuizState): string {
  const isPractice = question?.isPractice === true;
  const { answered, open } = isPractice ? practice : quiz;
  return `${isPractice ? 'Practice' : 'Photo'} ${countText(answered + 1)} of ${countText(answered + open)}`;
}

/** A button that has the focus, so that Enter presses it. */
export function Onward({ text, onPress }: { readonly text: string; readonly onPress: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => button.current?.focus(), []);
  return (
    <button type="button" class="chosen" ref={button} onClick={onPress}>
      {text}
    </button>
  );
}
