import type { ReviewFilter } from '../../../../core/review/desk/desk.ts';
import type { PhotoFacets } from '../../../../core/review/desk/facets.ts';
import { countText } from '../../../../core/kernel/texts.ts';
import type { GridDesk } from './grid-desk.ts';
import { STATES } from '../words.ts';

interface CountLink {
  readonly text: string;
  readonly count: number;
  readonly filter: ReviewFilter;
  readonly isOn: boolean;
}

export function GridSide({ desk }: { readonly desk: GridDesk }) {
  const facets = desk.facets.value;
  if (facets === null) return <aside class="side" aria-label="Counts" aria-busy="true" />;
  const { filter } = desk.view.value;
  const { states, sources } = facets;
  const all = Object.values(states).reduce((sum, count) => sum + count, 0);
  const stateLink = (text: string, count: number, state?: ReviewFilter['state']): CountLink => ({
    text,
    count,
    filter: { ...filter, state },
    isOn: filter.state === state,
  });
  const show = [stateLink('all', all), ...STATES.map((state) => stateLink(state, states[state], state))];
  const ofSources = desk.store.setup.sources.map((source): CountLink => {
    const isOn = filter.source === source;
    return {
      text: source,
      count: sources[source] ?? 0,
      filter: { ...filter, source: isOn ? undefined : source },
      isOn,
    };
  });
  return (
    <aside class="side" aria-label="Counts">
      <Links desk={desk} title="Show" links={show} />
      <Confusions desk={desk} confusions={facets.confusions} />
      <Links desk={desk} title="Source" links={ofSources.filter(({ count, isOn }) => count > 0 || isOn)} />
    </aside>
  );
}

function Confusions({ desk, confusions }: { readonly desk: GridDesk; readonly confusions: PhotoFacets['confusions'] }) {
  const { filter } = desk.view.value;
  if (confusions.length === 0) return null;
  return (
    <section>
      <h2>Accepted of confusions with open quota</h2>
      <ul class="count-links">
        {confusions.map(({ wnid, name, confusionWnid, confusionName, accepted, open }) => (
          <li key={`${wnid} ${confusionWnid}`}>
            <a
              href={desk.hrefTo({ ...filter, wnid, confusion: confusionWnid })}
              aria-current={filter.wnid === wnid && filter.confusion === confusionWnid ? 'true' : undefined}
              title={`${countText(open)} open`}
            >
              <span>
                <span class="searched">{name}</span> → <span class="predicted">{confusionName}</span>
              </span>
              <span class="count">
                {accepted} of {desk.store.setup.cap}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface LinksProps {
  readonly desk: GridDesk;
  readonly title: string;
  readonly links: readonly CountLink[];
}

function Links({ desk, title, links }: LinksProps) {
  return (
    <section>
      <h2>{title}</h2>
      <ul class="count-links">
        {links.map(({ text, count, filter, isOn }) => (
          <li key={text}>
            <a href={desk.hrefTo(filter)} aria-current={isOn ? 'true' : undefined}>
              <span>{text}</span>
              <span class="count">{countText(count)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
