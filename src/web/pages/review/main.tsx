import { useRef } from 'preact/hooks';
import type { ReviewSetup } from '../../../core/review/desk/desk.ts';
import { reviewApi } from './store/api.ts';
import { ownPathname } from '../base-path.ts';
import { mount } from '../mount.tsx';
import { AgreementPage, OneClassPage } from './pages/class-page.tsx';
import { ClassesPage } from './pages/classes-page.tsx';
import { Opener } from './opener.tsx';
import { GridPage } from './grid/grid-page.tsx';
import { ReviewStore, type PageProps } from './store/review-store.ts';
import { Single } from './single/single.tsx';

const PAGES: readonly { readonly path: RegExp; readonly Page: (props: PageProps) => preact.JSX.Element }[] = [
  { path: /^$/, Page: Single },
  { path: /^grid$/, Page: GridPage },
  { path: /^classes$/, Page: ClassesPage },
  { path: /^class\/(.+)$/, Page: OneClassPage },
  { path: /^disputes$/, Page: Single },
  { path: /^agreement$/, Page: AgreementPage },
];

const QUESTION = {
  title: 'Who reviews?',
  text: "Your name is stored with each of your verdicts, and other reviewers see it. This browser remembers it. Give the same name on another machine, so that all your verdicts are one person's.",
};

function Review({ collection }: { readonly collection: string }) {
  const store = useRef<ReviewStore | null>(null);
  const open = async (setup: ReviewSetup): Promise<ReviewStore> => {
    store.current ??= await ReviewStore.open({ collection, setup });
    await store.current.begin();
    return store.current;
  };
  const below = ownPathname()
    .replace(/^\/c\/[^/]+\/review\/?/, '')
    .replace(/\/$/, '');
  const { path, Page } = PAGES.find((page) => page.path.test(below)) ?? { path: /^$/, Page: Single };
  return (
    <Opener api={reviewApi(collection, null)} open={open} waiting="Opening the review …" question={QUESTION}>
      {(opened) => <Page store={opened} match={path.exec(below) ?? []} />}
    </Opener>
  );
}

mount(Review);
