import type { ComponentChildren } from 'preact';
import { useAnswer } from '../../answers.ts';
import { ownPathname } from '../../base-path.ts';
import { HeaderBar } from '../frame.tsx';
import type { PageProps } from '../store/review-store.ts';
import { hrefOf, type ReviewPage } from '../view-url.ts';
import { DECIDED, type StateCounts } from '../words.ts';

interface PageFrameProps extends Pick<PageProps, 'store'> {
  readonly place: string;
  readonly wnid?: string;
  readonly isReady: boolean;
  readonly children: ComponentChildren;
}

const LINKS: Readonly<Record<string, ReviewPage>> = {
  Classes: 'classes',
  Single: '',
  Grid: 'grid',
  Disputes: 'disputes',
  Agreement: 'agreement',
};

export function PageFrame({ store, place, wnid, isReady, children }: PageFrameProps) {
  return (
    <main class="review-page" data-ready={isReady ? '' : undefined}>
      <HeaderBar store={store} place={place} wnid={wnid}>
        {Object.entries(LINKS).map(([text, page]) => {
          const href = hrefOf(store.collection, page);
          return (
            <a key={text} class="chip" href={href} aria-current={ownPathname() === href ? 'page' : undefined}>
              {text}
            </a>
          );
        })}
      </HeaderBar>
      <div class="page-body">{children}</div>
    </main>
  );
}

interface AnswerPageProps<T> extends Pick<PageFrameProps, 'store' | 'wnid'> {
  readonly place: (answer: T | null) => string;
  readonly read: () => Promise<T>;
  readonly waiting: string;
  readonly children: (answer: T) => ComponentChildren;
}

export function AnswerPage<T>({ place, read, waiting, children, ...frame }: AnswerPageProps<T>) {
  const { value, problem } = useAnswer(read);
  return (
    <PageFrame {...frame} place={place(value)} isReady={value !== null}>
      {value === null ? <p class="quiet">{problem ?? waiting}</p> : children(value)}
    </PageFrame>
  );
}

export function ProgressBar({ counts, target }: { readonly counts: StateCounts; readonly target: number | null }) {
  const whole = Math.max(1, counts.listed, target ?? 0);
  const share = (count: number): string => ((100 * count) / whole).toFixed(2);
  let end = 0;
  return (
    <svg class="progress-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="8" />
      {DECIDED.map((state) => {
        const start = end;
        end += counts[state];
        return <rect key={state} class={state} x={share(start)} width={share(counts[state])} height="8" />;
      })}
      {target === null || target >= whole ? null : (
        <path class="mark" d={`M${share(target)} 0V8`} vector-effect="non-scaling-stroke" />
      )}
    </svg>
  );
}
