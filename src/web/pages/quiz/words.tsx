import { useLayoutEffect, useRef } from 'preact/hooks';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import type { QuizState } from '../../../core/review/quiz/quiz.ts';

export function Calm({ children }: { readonly children: string }) {
  return (
    <main class="ask">
      <p role="status">{children}</p>
    </main>
  );
}

export function Intro({
  state: { of, question },
  onStart,
}: {
  readonly state: QuizState;
  readonly onStart: () => void;
}) {
  return (
    <main class="ask" data-ready>
      <h1>Which class is it?</h1>
      <p>
        {question?.isPractice === true
          ? `You name what each photo shows. First comes practice, with ${countOf(of, 'photo')}: the page shows the right class after each answer, and your answers do not count. After that it shows none.`
          : `You name what each of ${countOf(of, 'photo')} shows. The page does not say whether you are right.`}
      </p>
      <Onward text="Start" onPress={onStart} />
    </main>
  );
}

export function End({ state: { answered } }: { readonly state: QuizState }) {
  return (
    <main class="ask" data-ready>
      <h1>{answered === 0 ? 'There is no photo for you' : 'That was the last photo'}</h1>
      <p>
        {answered === 0
          ? 'No photo is accepted that you have not reviewed.'
          : `You have named ${countOf(answered, 'photo')}. Thank you. You can close this page.`}
      </p>
    </main>
  );
}

/** `Practice 3 of 20`, `Photo 12 of 100` */
export const progressText = ({ question, answered, of }: QuizState): string =>
  `${question?.isPractice === true ? 'Practice' : 'Photo'} ${countText(answered + 1)} of ${countText(of)}`;

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
