import type { ClassPage, ReviewPhoto } from '../../review/desk/desk.ts';
import { Link } from '../../page/link.tsx';
import { countText } from '../../kernel/texts.ts';
import { Criteria } from './criteria.tsx';
import { Opinions } from './disputes-opinions.tsx';
import type { ReviewSession } from './session.ts';
import type { SingleDesk } from './single-desk.ts';
import { hrefOf, type ReviewView } from './view-url.ts';
import { FilterChips } from './filter-chips.tsx';
import { keyHint } from './keys.ts';

interface ClassPanelProps {
  readonly desk: SingleDesk;
  readonly onView: (view: ReviewView) => void;
  readonly onReferences: (of: 'searched' | 'predicted') => void;
}

const QUESTION_O = 'Is any of the 1,000 classes visible?';

/** The searched class and the criteria. In mode O the predicted class is first, because it matters more. */
export function ClassPanel({ desk, onView, onReferences }: ClassPanelProps) {
  const { session, photo } = desk;
  const filters = desk.isForDisputes ? null : <Filters desk={desk} onView={onView} />;
  if (photo === null) {
    return (
      <aside class="side class" aria-label="Class">
        {filters}
      </aside>
    );
  }
  const searched = desk.classPage(photo.wnid);
  const predicted = desk.classPage(photo.confusionWnid);
  const isO = session.setup.mode === 'O';
  const searchedReferences = (
    <References
      title={photo.name}
      hint={keyHint('references')}
      page={searched}
      kind="searched"
      onOpen={() => onReferences('searched')}
    />
  );
  const predictedReferences = (
    <References
      title={photo.confusionName}
      hint={keyHint('predicted-references')}
      page={predicted}
      kind="predicted"
      onOpen={() => onReferences('predicted')}
    />
  );
  return (
    <aside class="side class" aria-label="Class">
      {filters}
      <Named photo={photo} page={searched} />
      {desk.isForDisputes ? <Opinions photo={photo} /> : null}
      <Criteria session={session} question={isO ? QUESTION_O : null} />
      {isO ? predictedReferences : searchedReferences}
      <Counts session={session} wnid={photo.wnid} />
      {isO ? searchedReferences : predictedReferences}
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

function Filters({ desk: { session, photo, view }, onView }: Pick<ClassPanelProps, 'desk' | 'onView'>) {
  if (Object.values(view.filter).every((value) => value === undefined)) return null;
  const nameOf = (wnid: string): string =>
    (wnid === photo?.confusionWnid ? photo.confusionName : session.shelf.progress(wnid)?.name) ?? wnid;
  return (
    <div class="filters">
      <FilterChips
        filter={view.filter}
        nameOf={nameOf}
        onFilter={(filter) => onView({ ...view, filter, photo: undefined })}
      />
    </div>
  );
}

interface ReferencesProps {
  readonly title: string;
  readonly hint: string;
  readonly kind: 'searched' | 'predicted';
  readonly page: ClassPage | null;
  readonly onOpen: () => void;
}

function References({ title, hint, kind, page, onOpen }: ReferencesProps) {
  const shown = page?.references.slice(0, 3) ?? [];
  return (
    <section class="references">
      <h2>
        <span class={kind}>{title}</span>, for comparison <kbd aria-hidden="true">{hint}</kbd>
      </h2>
      {page !== null && shown.length === 0 ? <small>No reference photos.</small> : null}
      <button
        type="button"
        class="refs"
        hidden={shown.length === 0}
        aria-label={`Reference photos of ${title}`}
        onMouseDown={(event) => event.preventDefault()}
        onClick={onOpen}
      >
        {shown.map(({ path }) => (
          <img key={path} src={path} alt="" />
        ))}
      </button>
    </section>
  );
}

function Counts({ session, wnid }: { readonly session: ReviewSession; readonly wnid: string }) {
  const progress = session.shelf.progress(wnid);
  if (progress === undefined) return null;
  const states = ['open', 'accepted', 'rejected', 'unsure', 'disputed'] as const;
  const href = (state?: (typeof states)[number]): string =>
    hrefOf(session.collection, 'grid', { filter: { wnid, state } });
  return (
    <section>
      <dl class="counts">
        <dt>
          <a href={href()}>on the shortlist</a>
        </dt>
        <dd>{countText(progress.listed)}</dd>
        {states.map((state) => (
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
