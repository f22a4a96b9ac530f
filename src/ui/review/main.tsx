import { render } from 'preact';
import { readTyping } from '../../page/command.tsx';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ReviewSetup } from '../../review/desk/desk.ts';
import { ApiError, messageOf, reviewApi, type ReviewApi } from './store/api.ts';
import { AgreementPage, OneClassPage } from './pages/class-page.tsx';
import { ClassesPage } from './pages/classes-page.tsx';
import { NameQuestion } from './name-question.tsx';
import { GridPage } from './grid/grid-page.tsx';
import { ReviewStore } from './store/review-store.ts';
import { Single } from './single/single.tsx';
import type { PageProps } from './use-store.ts';

const PAGES: readonly { readonly path: RegExp; readonly Page: (props: PageProps) => preact.JSX.Element }[] = [
  { path: /^$/, Page: Single },
  { path: /^grid$/, Page: GridPage },
  { path: /^classes$/, Page: ClassesPage },
  { path: /^class\/(.+)$/, Page: OneClassPage },
  { path: /^disputes$/, Page: Single },
  { path: /^agreement$/, Page: AgreementPage },
];

const AGAIN_AFTER_MS = 3_000;

type Opened = { readonly store: ReviewStore } | { readonly unnamed: ReviewSetup } | { readonly problem: string };

function Review({ api, collection }: { readonly api: ReviewApi; readonly collection: string }) {
  const [opened, setOpened] = useState<Opened | null>(null);
  const store = useRef<ReviewStore | null>(null);
  const open = async (): Promise<void> => {
    try {
      if (store.current === null) {
        const setup = await api.setup();
        if (setup.reviewer === null && setup.mayReview) return setOpened({ unnamed: setup });
        store.current = await ReviewStore.open({ collection, setup });
      }
      await store.current.begin();
      setOpened({ store: store.current });
    } catch (error) {
      setOpened({ problem: messageOf(error) });
      if (!(error instanceof ApiError) || error.isPassing) setTimeout(() => void open(), AGAIN_AFTER_MS);
    }
  };
  useEffect(() => void open(), []);
  if (opened === null)
    return (
      <main class="ask" aria-busy="true">
        Opening the review …
      </main>
    );
  if ('problem' in opened)
    return (
      <main class="ask">
        <p role="alert" class="trouble">
          {opened.problem}
        </p>
      </main>
    );
  if ('unnamed' in opened)
    return (
      <NameQuestion title="Who reviews?" api={api} onNamed={() => void open()}>
        Your name is stored with each of your verdicts, and other reviewers see it. This browser remembers it. Give the
        same name on another machine, so that all your verdicts are one person's.
      </NameQuestion>
    );
  const below = location.pathname.replace(/^\/c\/[^/]+\/review\/?/, '').replace(/\/$/, '');
  const { path, Page } = PAGES.find((page) => page.path.test(below)) ?? { path: /^$/, Page: Single };
  return <Page store={opened.store} match={path.exec(below) ?? []} />;
}

readTyping(document.documentElement.dataset['typing']);
const app = document.querySelector<HTMLElement>('#app');
const collection = app?.dataset['collection'];
if (app !== null && collection !== undefined) {
  render(<Review api={reviewApi(collection, null)} collection={collection} />, app);
}
