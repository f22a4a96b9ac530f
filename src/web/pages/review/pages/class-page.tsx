import type { ClassPage } from '../../../../core/review/desk/desk.ts';
import { AGREEMENT_COLUMNS, agreementCells, agreementText } from '../../../../measure/report/page/agreement.ts';
import { Bar } from '../../../../core/page/bar.tsx';
import { Link } from '../../../../core/page/link.tsx';
import { WideTable } from '../../../../core/page/wide-table.tsx';
import { countText } from '../../../../core/kernel/texts.ts';
import { Criteria } from '../criteria.tsx';
import { AnswerPage, ProgressBar } from './page-parts.tsx';
import type { PageProps, ReviewStore } from '../store/review-store.ts';
import { classHref, hrefOf } from '../view-url.ts';
import { acceptedText } from '../words.ts';

export function AgreementPage({ store }: PageProps) {
  const { api, collection, cache } = store;
  const nameOf = (wnid: string): string => cache.progress(wnid)?.name ?? wnid;
  return (
    <AnswerPage store={store} place={() => 'agreement'} read={() => api.agreement()} waiting="Comparing the verdicts …">
      {({ overall, classes }) => (
        <>
          <h1>Agreement</h1>
          <p class="in-all">Two people, the second without seeing the first verdict: {agreementText(overall)}</p>
          <p class="quiet">
            Some of the same verdicts are chance. κ is the agreement beyond chance, given how often each pass used each
            verdict. α treats all reviewers alike, takes third verdicts too, and corrects for few photos. Both are 1 if
            people always agree, and 0 if they agree no more than by chance. In brackets: 95 % intervals.
          </p>
          <section>
            <WideTable
              label="Agreement by class"
              caption="By class"
              heads={AGREEMENT_COLUMNS}
              rows={classes
                .toSorted((a, b) => b.photos - a.photos || nameOf(a.wnid).localeCompare(nameOf(b.wnid), 'en'))
                .map((one) => ({
                  key: one.wnid,
                  head: <a href={classHref(collection, one.wnid)}>{nameOf(one.wnid)}</a>,
                  cells: agreementCells(one),
                }))}
            />
          </section>
        </>
      )}
    </AnswerPage>
  );
}

export function OneClassPage({ store, match }: PageProps) {
  const wnid = decodeURIComponent(match[1] ?? '');
  return (
    <AnswerPage
      store={store}
      wnid={wnid}
      place={(page) => page?.name ?? wnid}
      read={() => store.api.classPage(wnid)}
      waiting="Reading the class …"
    >
      {(page) => <ClassView store={store} page={page} />}
    </AnswerPage>
  );
}

interface ClassViewProps {
  readonly store: ReviewStore;
  readonly page: ClassPage;
}

function ClassView({ store, page }: ClassViewProps) {
  const { wnid, name, synonyms, gloss, link, references } = page;
  return (
    <>
      <header class="class-head">
        <h1>{name}</h1>
        {gloss === null ? null : <p class="gloss">{gloss}</p>}
        <p class="quiet">
          {[wnid, ...synonyms].join(' · ')} · <Link url={link}>article</Link>
        </p>
      </header>
      <div class="class-columns">
        <div>
          <Progress store={store} page={page} />
          <Criteria store={store} question={null} />
        </div>
        <div>
          {page.confusions.length === 0 ? null : <Confusions store={store} page={page} />}
          {references.length === 0 ? null : <References name={name} references={references} />}
        </div>
      </div>
    </>
  );
}

function References({ name, references }: Pick<ClassPage, 'name' | 'references'>) {
  return (
    <section>
      <h2>Reference photos</h2>
      <div class="reference-photos">
        {references.map((reference) => (
          <a key={reference.path} href={reference.path}>
            <img src={reference.path} alt={`${name}: ${reference.name}`} loading="lazy" />
          </a>
        ))}
      </div>
    </section>
  );
}

function Progress({ store: { collection, setup }, page: { wnid, progress } }: ClassViewProps) {
  if (progress === null)
    return <p>No photo of this class is on the shortlist. Models see it in photos of other classes.</p>;
  const { listed, open, accepted, rejected, unsure, disputed } = progress;
  const counts = { 'on the shortlist': listed, open, accepted, rejected, unsure, disputed };
  const view = { filter: { wnid } };
  return (
    <section>
      <h2>{acceptedText(accepted, setup.target)}</h2>
      <ProgressBar counts={progress} target={setup.target} />
      <dl class="counts-list">
        {Object.entries(counts).map(([text, count]) => (
          <div key={text}>
            <dt class={`key ${text}`}>{text}</dt>
            <dd>{countText(count)}</dd>
          </div>
        ))}
      </dl>
      <p class="ways-in">
        <a class="button chosen" href={hrefOf(collection, '', view)}>
          Review this class
        </a>
        <a class="button" href={hrefOf(collection, 'grid', view)}>
          Grid
        </a>
        {disputed === 0 ? null : (
          <a class="button" href={hrefOf(collection, 'disputes', view)}>
            Disputes
          </a>
        )}
      </p>
    </section>
  );
}

function Confusions({ store: { collection, setup }, page: { wnid, name, confusions } }: ClassViewProps) {
  const { cap } = setup;
  return (
    <section>
      <h2>What models see in photos of {name}</h2>
      <WideTable
        label="Confusions"
        heads={['models see', 'accepted of quota', 'open', 'listed', 'review']}
        rows={confusions.map((one) => {
          const view = { filter: { wnid, confusion: one.wnid } };
          return {
            key: one.wnid,
            head: (
              <a class="predicted" href={classHref(collection, one.wnid)}>
                {one.name}
              </a>
            ),
            cells: [
              <span class="quota">
                {countText(one.accepted)} of {countText(cap)} <Bar kind="searched" ratio={one.accepted / cap} />
              </span>,
              countText(one.open),
              countText(one.listed),
              <span class="links">
                <a href={hrefOf(collection, '', view)} aria-label={`Queue of ${name} seen as ${one.name}`}>
                  queue
                </a>
                <a href={hrefOf(collection, 'grid', view)} aria-label={`Grid of ${name} seen as ${one.name}`}>
                  grid
                </a>
              </span>,
            ],
          };
        })}
      />
    </section>
  );
}
