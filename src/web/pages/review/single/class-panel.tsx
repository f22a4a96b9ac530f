import type { ClassPage, ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import { Command } from '../../../../core/page/command.tsx';
import { Link } from '../../../../core/page/link.tsx';
import { countText } from '../../../../core/kernel/texts.ts';
import { Criteria } from '../criteria.tsx';
import { Opinions } from './disputes.tsx';
import type { ReviewStore } from '../store/review-store.ts';
import type { SingleDesk } from './single-desk.ts';
import { hrefOf } from '../view-url.ts';
import { FilterChips } from '../filter-chips.tsx';
import { keyHint } from '../keys.ts';
import { MODE_WORDS, STATES } from '../words.ts';

/** The searched class and the criteria. In mode O the predicted class is first, because it matters more. */
export function ClassPanel({ desk }: { readonly desk: SingleDesk }) {
  const { store, photo } = desk;
  const isFiltered = !desk.isForDisputes && Object.values(desk.view.value.filter).some((value) => value !== undefined);
  const filters = isFiltered ? (
    <div class="filters">
      <FilterChips desk={desk} />
    </div>
  ) : null;
  if (photo === null) {
    return (
      <aside class="side class" aria-label="Class">
        {filters}
      </aside>
    );
  }
  const { question, first, second } = MODE_WORDS[store.setup.mode];
  const references = {
    searched: <References desk={desk} kind="searched" wnid={photo.wnid} title={photo.name} />,
    predicted:
      photo.confusionWnid === null || photo.confusionName === null ? null : (
        <References desk={desk} kind="predicted" wnid={photo.confusionWnid} title={photo.confusionName} />
      ),
  };
  return (
    <aside class="side class" aria-label="Class">
      {filters}
      <Named photo={photo} page={desk.classPage(photo.wnid)} />
      {desk.isForDisputes ? <Opinions photo={photo} /> : null}
      <Criteria store={store} question={question} />
      {references[first]}
      <Counts store={store} wnid={photo.wnid} />
      {references[second]}
    </aside>
  );
}

function Named({ photo, page }: { readonly photo: ReviewPhoto; readonly page: ClassPage | null }) {
  return (
    <section>
      <h1>{photo.name}</h1>
      <p class="gloss">{page?.gloss}</p>
      <small>
        {photo.wnid}
        {page === null || page.synonyms.length === 0 ? null : ` · ${page.synonyms.join(', ')}`}
        {page === null ? null : (
          <>
            {' '}
            · <Link url={page.link}>article</Link>
          </>
        )}
      </small>
    </section>
  );
}

interface ReferencesProps {
  readonly desk: SingleDesk;
  readonly kind: 'searched' | 'predicted';
  readonly wnid: string;
  readonly title: string;
}

function References({ desk, kind, wnid, title }: ReferencesProps) {
  const page = desk.classPage(wnid);
  const command = kind === 'searched' ? 'references' : 'predicted-references';
  const shown = page?.references.slice(0, 3) ?? [];
  return (
    <section class="references">
      <h2>
        <span class={kind}>{title}</span>, for comparison <kbd aria-hidden="true">{keyHint(command)}</kbd>
      </h2>
      {page !== null && shown.length === 0 ? <NoReferences /> : null}
      <button
        type="button"
        class="refs"
        hidden={shown.length === 0}
        aria-label={`Reference photos of ${title}`}
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => desk.run(command)}
      >
        {shown.map(({ path }) => (
          <img key={path} src={path} alt="" />
        ))}
      </button>
    </section>
  );
}

export function NoReferences() {
  return (
    <small>
      No photos to compare with. The person who runs winnow can add some, in one sub-folder for each class:{' '}
      <Command text="winnow references add DIR --for display" />
    </small>
  );
}

function Counts({ store, wnid }: { readonly store: ReviewStore; readonly wnid: string }) {
  const progress = store.cache.progress(wnid);
  if (progress === undefined) return null;
  const href = (state?: (typeof STATES)[number]): string =>
    hrefOf(store.collection, 'grid', { filter: { wnid, state } });
  return (
    <section>
      <dl class="counts">
        <dt>
          <a href={href()}>on the shortlist</a>
        </dt>
        <dd>{countText(progress.listed)}</dd>
        {STATES.map((state) => (
          <>
            <dt key={state}>
              <a href={href(state)}>{state}</a>
            </dt>
            <dd key={`${state} count`}>{countText(progress[state])}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}
