import { signal } from '@preact/signals';
import type { CollectionCard } from '../../status/overview.process.ts';
import { FunnelBars } from '../../../core/page/funnel.tsx';
import { pathOf } from '../../../core/page/frame.tsx';
import { asTyped } from '../../../core/kernel/command-text.ts';
import { countOf, listText } from '../../../core/kernel/texts.ts';
import { mount } from '../mount.tsx';
import { ask } from '../review/store/api.ts';

const AGAIN_AFTER_MS = 5_000;
const STEPS = new Set(['found', 'fetched', 'kept', 'listed']);

const isNew = ({ funnel, problem }: CollectionCard): boolean => funnel === null && problem === null;

const cards = signal<readonly CollectionCard[] | null>(null);
const trouble = signal('');

async function read(): Promise<void> {
  try {
    cards.value = await ask<CollectionCard[]>('/api/collections');
    trouble.value = '';
  } catch {
    trouble.value = 'The server does not answer; trying again';
  }
}

function Home() {
  const fresh = (cards.value ?? []).filter(isNew);
  const collected = (cards.value ?? []).filter((card) => !isNew(card)).toSorted((a, b) => rankOf(a) - rankOf(b));
  return (
    <main aria-busy={cards.value === null}>
      <header class="head">
        <h1>Collections</h1>
        <p>
          {cards.value === null
            ? 'Reading the catalogue …'
            : `${countOf(collected.length, 'collection')} in this data folder`}
        </p>
        <p role="status" class="trouble">
          {trouble.value}
        </p>
      </header>
      <ul class="collections">
        {collected.map((card) => (
          <Card key={card.name} card={card} />
        ))}
      </ul>
      <Fresh fresh={fresh} />
    </main>
  );
}

/** The collections for which nothing was collected yet, such as the bundled ones, in one line. */
function Fresh({ fresh }: { readonly fresh: readonly CollectionCard[] }) {
  if (fresh.length === 0) return null;
  return (
    <p class="quiet">
      Nothing collected yet (each page says how to start):{' '}
      {fresh.map(({ name }, i) => (
        <span key={name}>
          {i === 0 ? null : ', '}
          <a href={pathOf(name)}>{name}</a>
        </span>
      ))}
    </p>
  );
}

const rankOf = ({ funnel }: CollectionCard): number => (funnel === null ? 1 : 0);

function Card({ card: { name, problem, funnel, photos, working } }: { readonly card: CollectionCard }) {
  return (
    <li class="card">
      {photos.length === 0 ? null : (
        <div class="photos">
          {photos.map((photo) => (
            <img key={photo} src={`/thumbnails/${photo}`} alt="" loading="lazy" />
          ))}
        </div>
      )}
      <h2>
        <a href={pathOf(name)}>{name}</a>
      </h2>
      {problem === null ? null : <p class="trouble">{asTyped(problem)}</p>}
      {funnel === null ? null : (
        <>
          <small>
            mode {funnel.mode} · {countOf(funnel.classes, 'class', 'classes')} ·{' '}
            {working.length === 0 ? 'nothing runs' : `${listText(working)} at work`}
          </small>
          <FunnelBars stages={funnel.stages.filter((stage) => STEPS.has(stage.name))} />
        </>
      )}
    </li>
  );
}

void read();
setInterval(() => void read(), AGAIN_AFTER_MS);
mount(Home);
