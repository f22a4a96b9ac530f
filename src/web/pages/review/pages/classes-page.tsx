import { useState } from 'preact/hooks';
import type { ClassProgress } from '../../../../core/review/desk/desk.ts';
import { asTyped } from '../../../../core/kernel/command-text.ts';
import { Command } from '../../../../core/page/command.tsx';
import { countOf, countText } from '../../../../core/kernel/texts.ts';
import { useAnswer } from '../../answers.ts';
import { PageFrame, ProgressBar } from './page-parts.tsx';
import type { PageProps, ReviewStore } from '../store/review-store.ts';
import { classHref, hrefOf } from '../view-url.ts';
import { acceptedText, DECIDED, sumOfStates } from '../words.ts';

export function ClassesPage({ store }: PageProps) {
  const { classes } = store.cache;
  return (
    <PageFrame store={store} place="all classes" isReady>
      <h1 class="unseen">Review of {store.collection}</h1>
      <Totals classes={classes} target={store.setup.target} />
      {store.setup.withoutLicence === '' ? null : <p class="quiet">{asTyped(store.setup.withoutLicence)}</p>}
      <Ways store={store} classes={classes} />
      {classes.length > 0 ? (
        <Classes store={store} classes={classes} />
      ) : (
        <p>
          No photo is on the shortlist. <Command text={`winnow shortlist --collection ${store.collection}`} /> makes
          one.
        </p>
      )}
    </PageFrame>
  );
}

interface ClassesProps {
  readonly store: ReviewStore;
  readonly classes: readonly ClassProgress[];
}

function Classes({ store, classes }: ClassesProps) {
  const { api, collection, setup } = store;
  const [wanted, setWanted] = useState('');
  const [order, setOrder] = useState('review order');
  const covers = useAnswer(() => api.covers()).value ?? {};
  const part = wanted.trim().toLowerCase();
  const found = classes.filter(({ name, wnid }) => name.toLowerCase().includes(part) || wnid.includes(part));
  const shown = found.toSorted(ORDERS[order]);
  return (
    <section aria-label="Classes">
      <div class="find-classes">
        <h2>Classes</h2>
        <label>
          <span class="unseen">Find a class</span>
          <input
            type="search"
            placeholder="Find a class"
            value={wanted}
            onInput={({ currentTarget: { value } }) => setWanted(value)}
          />
        </label>
        <label>
          Sort{' '}
          <select value={order} onChange={({ currentTarget: { value } }) => setOrder(value)}>
            {Object.keys(ORDERS).map((text) => (
              <option key={text}>{text}</option>
            ))}
          </select>
        </label>
        <span role="status" class="quiet">
          {shown.length === classes.length
            ? ''
            : `${countText(shown.length)} of ${countOf(classes.length, 'class', 'classes')}`}
        </span>
      </div>
      <ul class="class-cards">
        {shown.map((progress) => (
          <ClassCard
            key={progress.wnid}
            collection={collection}
            progress={progress}
            photos={covers[progress.wnid] ?? NO_PHOTOS}
            target={setup.target}
          />
        ))}
      </ul>
    </section>
  );
}

const NO_PHOTOS: readonly string[] = [];

function Totals({ classes, target }: { readonly classes: readonly ClassProgress[]; readonly target: number | null }) {
  const totals = sumOfStates(classes);
  const wanted = target === null ? null : target * classes.length;
  return (
    <section class="totals" aria-label="Where the review stands">
      <p>
        <b class="big">{acceptedText(totals.accepted, wanted)}</b>
        <span class="quiet">
          {countOf(totals.listed, 'photo')} in {countOf(classes.length, 'class', 'classes')}
        </span>
      </p>
      <ProgressBar counts={totals} target={wanted} />
      <p class="numbers">
        {DECIDED.map((state) => (
          <span key={state} class={`key ${state}`}>
            {countText(totals[state])} {state}
          </span>
        ))}
        <span class="key open">{countText(totals.open)} open to you</span>
      </p>
    </section>
  );
}

function Ways({ store: { collection, setup }, classes }: ClassesProps) {
  const { open, disputed } = sumOfStates(classes);
  return (
    <nav class="ways-in" aria-label="Ways into the review">
      <a class="button chosen" href={hrefOf(collection, '')}>
        {open === 0 ? 'Look again' : 'Start'} <small>{open === 0 ? 'nothing is open' : 'class by class'}</small>
      </a>
      <a class="button" href={hrefOf(collection, '', { filter: {}, balanced: 50 })}>
        Next 50 <small>{setup.isBlind ? 'of all classes' : 'balanced over confusions'}</small>
      </a>
      <a class="button" href={hrefOf(collection, 'disputes')}>
        Disputes <small>{disputed === 0 ? 'none' : countText(disputed)}</small>
      </a>
      <a class="button" href={hrefOf(collection, 'grid', { filter: { state: 'open' } })}>
        Grid <small>many at once</small>
      </a>
      <a class="button" href={hrefOf(collection, 'agreement')}>
        Agreement <small>of two people</small>
      </a>
    </nav>
  );
}

const ORDERS: Readonly<Record<string, (a: ClassProgress, b: ClassProgress) => number>> = {
  'review order': () => 0,
  'most open': (a, b) => b.open - a.open,
  name: (a, b) => a.name.localeCompare(b.name, 'en'),
  'least accepted': (a, b) => a.accepted - b.accepted || b.open - a.open,
};

interface ClassCardProps {
  readonly collection: string;
  readonly progress: ClassProgress;
  readonly photos: readonly string[];
  readonly target: number | null;
}

/** Four photos fill a cover; of fewer only the first is shown. */
const MOSAIC = 4;

function ClassCard({ collection, progress, photos, target }: ClassCardProps) {
  const { wnid, name, open, accepted, rejected, unsure, disputed } = progress;
  const view = { filter: { wnid } };
  return (
    <li class="class-card" data-wnid={wnid}>
      <div class={photos.length >= MOSAIC ? 'cover mosaic' : 'cover'} aria-hidden="true">
        {(photos.length >= MOSAIC ? photos : photos.slice(0, 1)).map((sha256) => (
          <img key={sha256} src={`/thumbnails/${sha256}`} alt="" loading="lazy" decoding="async" />
        ))}
      </div>
      <div class="text">
        <h3>
          <a class="to-queue" href={hrefOf(collection, '', view)}>
            {name}
          </a>
        </h3>
        <p class="open-count">{open === 0 ? <span class="quiet">done</span> : <b>{countText(open)} open</b>}</p>
      </div>
      <ProgressBar counts={progress} target={target} />
      <p class="numbers">
        <span class="key accepted">{acceptedText(accepted, target)}</span>
        {rejected > 0 ? <span class="key rejected">{countText(rejected)} rejected</span> : null}
        {unsure > 0 ? <span class="key unsure">{countText(unsure)} unsure</span> : null}
        {disputed > 0 ? (
          <a class="key disputed" href={hrefOf(collection, 'disputes', view)}>
            {countText(disputed)} disputed
          </a>
        ) : null}
      </p>
      <p class="ways">
        <a href={hrefOf(collection, 'grid', view)} aria-label={`Grid of ${name}`}>
          Grid
        </a>
        <a href={classHref(collection, wnid)} aria-label={`About the class ${name}`}>
          Class
        </a>
        <span>{countOf(progress.listed, 'photo')}</span>
      </p>
    </li>
  );
}
