import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { countText } from '../../kernel/texts.ts';
import { totalsOf } from './classes-bar.tsx';
import { HeaderBar } from './frame.tsx';
import { messageOf } from './api.ts';
import type { ReviewSession } from './session.ts';
import { hrefOf, type ReviewPage } from './view-url.ts';

interface PageFrameProps {
  readonly session: ReviewSession;
  readonly place: string;
  /** The class whose counts are at the top. Optional; defaults to all classes. */
  readonly wnid?: string;
  /** True if the page's content is loaded. */
  readonly isReady: boolean;
  readonly children: ComponentChildren;
}

const LINKS: readonly { readonly page: ReviewPage; readonly text: string }[] = [
  { page: 'classes', text: 'Classes' },
  { page: '', text: 'Single' },
  { page: 'grid', text: 'Grid' },
  { page: 'disputes', text: 'Disputes' },
  { page: 'agreement', text: 'Agreement' },
];

/** A read-only page of the review. */
export function PageFrame({ session, place, wnid, isReady, children }: PageFrameProps) {
  const classes = session.shelf.classes.filter((one) => wnid === undefined || one.wnid === wnid);
  return (
    <main class="review-page" data-ready={isReady ? '' : undefined}>
      <HeaderBar session={session} place={place} classes={classes} detail={`${countText(totalsOf(classes).open)} open`}>
        <PageLinks collection={session.collection} />
      </HeaderBar>
      <div class="page-body">{children}</div>
    </main>
  );
}

/** Links to the pages of the review. */
function PageLinks({ collection }: { readonly collection: string }) {
  return (
    <>
      {LINKS.map(({ page, text }) => {
        const href = hrefOf(collection, page);
        return (
          <a key={text} class="chip" href={href} aria-current={location.pathname === href ? 'page' : undefined}>
            {text}
          </a>
        );
      })}
    </>
  );
}

interface Answered<T> {
  /** `null` while the request runs and after it failed. */
  readonly answer: T | null;
  readonly trouble: string | null;
}

/**
 * The server's answer, requested once for each `of`.
 *
 * @param of identifies the request; a changed value repeats it
 */
export function useAnswer<T>(read: () => Promise<T>, of: string): Answered<T> {
  const [state, setState] = useState<Answered<T>>({ answer: null, trouble: null });
  useEffect(() => {
    read().then(
      (answer) => setState({ answer, trouble: null }),
      (error: unknown) => setState({ answer: null, trouble: messageOf(error) }),
    );
  }, [of]);
  return state;
}
