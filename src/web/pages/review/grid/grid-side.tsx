import type { ComponentChildren } from 'preact';
import type { ReviewFilter } from '../../../../core/review/desk/desk.ts';
import { countText } from '../../../../core/kernel/texts.ts';
import type { GridDesk } from './grid-desk.ts';
import { STATES } from '../words.ts';

interface CountLink {
  readonly key: string;
  readonly text: ComponentChildren;
  /** A number, or for example `3 of 15`. */
  readonly count: ComponentChildren;
  readonly filter: ReviewFilter;
  readonly isOn: boolean;
  readonly title?: string;
}

export function GridSide({ desk }: { readonly desk: GridDesk }) {
  const facets = desk.facets.value;
  if (facets === null) return <aside class="side" aria-label="Counts" aria-busy="true" />;
  const { filter } = desk.view.value;
  const { cap, sources: ofSetup } = desk.store.setup;
  const { states, sources, confusions } = facets;
  const all = Object.values(states).reduce((sum, count) => sum + count, 0);
  const stateLink = (key: string, count: number, state?: ReviewFilter['state']): CountLink => ({
    key,
    text: key,
    count,
    filter: { ...filter, state },
    isOn: filter.state === state,
  });
  const show = [stateLink('all', all), ...STATES.map((state) => stateLink(state, states[state], state))];
  const ofSources = ofSetup.map((source): CountLink => {
    const isOn = filter.source === source;
    const without = { ...filter, source: isOn ? undefined : source };
    return { key: source, text: source, count: sources[source] ?? 0, filter: without, isOn };
  });
  const ofConfusions = confusions.map(({ wnid, name, confusionWnid, confusionName, accepted, open }): CountLink => ({
    key: `${wnid} ${confusionWnid}`,
    text: (
      <>
        <span class="searched">{name}</span> → <span class="predicted">{confusionName}</span>
      </>
    ),
    count: (
      <>
        {accepted} of {cap}
      </>
    ),
    filter: { ...filter, wnid, confusion: confusionWnid },
    isOn: filter.wnid === wnid && filter.confusion === confusionWnid,
    title: `${countText(open)} open`,
  }));
  const quotas = 'Accepted of confusions with open quota';
  return (
    <aside class="side" aria-label="Counts">
      <Links desk={desk} title="Show" links={show} />
      {ofConfusions.length === 0 ? null : <Links desk={desk} title={quotas} links={ofConfusions} />}
      <Links desk={desk} title="Source" links={ofSources.filter(({ count, isOn }) => count !== 0 || isOn)} />
    </aside>
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
        {links.map(({ key, text, count, filter, isOn, title: more }) => (
          <li key={key}>
            <a href={desk.hrefTo(filter)} aria-current={isOn ? 'true' : undefined} title={more}>
              <span>{text}</span>
              <span class="count">{typeof count === 'number' ? countText(count) : count}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
