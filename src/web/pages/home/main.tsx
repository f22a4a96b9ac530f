import { useEffect, useState } from 'preact/hooks';
import type { CollectionCard } from '../../status/overview.process.ts';
import { readTyping } from '../../../core/page/command.tsx';
import { FunnelBars } from '../../../core/page/funnel.tsx';
import { pathOf } from '../../../core/page/frame.tsx';
import { asTyped } from '../../../core/kernel/command-text.ts';
import { countOf, listText } from '../../../core/kernel/texts.ts';
import { render } from 'preact';

const AGAIN_AFTER_MS = 5_000;
const STEPS = new Set(['found', 'fetched', 'kept', 'listed']);

const cardsIn: (json: string) => CollectionCard[] = JSON.parse;

const isNew = ({ funnel, problem }: CollectionCard): boolean => funnel === null && problem === null;

function Home() {
  const [cards, setCards] = useState<readonly CollectionCard[] | null>(null);
  const [trouble, setTrouble] = useState('');
  useEffect(() => {
    const read = async (): Promise<void> => {
      try {
        const answer = await fetch('/api/collections');
        if (!answer.ok) throw new Error();
        setCards(cardsIn(await answer.text()));
        setTrouble('');
      } catch {
        setTrouble('The server does not answer; trying again');
      }
    };
    void read();
    const timer = setInterval(() => void read(), AGAIN_AFTER_MS);
    return () => clearInterval(timer);
  }, []);
  const fresh = (cards ?? []).filter(isNew);
  const collected = (cards ?? []).filter((card) => !isNew(card)).toSorted((a, b) => rankOf(a) - rankOf(b));
  return (
    <main aria-busy={cards === null}>
      <header class="head">
        <h1>Collections</h1>
        <p>
          {cards === null
            ? 'Reading the catalogue …'
            : `${countOf(collected.length, 'collection')} in this data folder`}
        </p>
        <p role="status" class="trouble">
          {trouble}
        </p>
      </header>
      <ul class="collections">
        {collected.map((card) => (
          <Card key={card.name} card={card} />
        ))}
      </ul>
      <Fresh cards={fresh} />
    </main>
  );
}

/** The collections for which nothing was collected yet, such as the bundled ones, in one line. */
function Fresh({ cards }: { readonly cards: readonly CollectionCard[] }) {
  if (cards.length === 0) return null;
  return (
    <p class="quiet">
      Nothing collected yet (each page says how to start):{' '}
      {cards.map(({ name }, i) => (
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

readTyping(document.documentElement.dataset['typing']);
const app = document.querySelector<HTMLElement>('#app');
if (app !== null) render(<Home />, app);
