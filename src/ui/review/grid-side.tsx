import type { ReviewFilter, ReviewSetup } from '../../review/desk/desk.ts';
import type { PhotoFacets } from '../../review/desk/facets.ts';
import { countText } from '../../kernel/texts.ts';
import { STATES } from './grid-chips.ts';
import { STATE_TEXTS } from './words.ts';

interface SideProps {
  readonly filter: ReviewFilter;
  readonly setup: ReviewSetup;
  /** `null` while they are being read. */
  readonly facets: PhotoFacets | null;
  readonly hrefTo: (filter: ReviewFilter) => string;
}

/** The counts of other filters. Every count is a link. */
export function GridSide({ filter, setup, facets, hrefTo }: SideProps) {
  if (facets === null) return <aside class="side" aria-label="Counts" aria-busy="true" />;
  const { states, sources, confusions, noise } = facets;
  const all = Object.values(states).reduce((sum, count) => sum + count, 0);
  const stateLinks = STATES.map((state) => ({
    text: STATE_TEXTS[state],
    count: states[state],
    filter: { ...filter, state },
    isOn: filter.state === state,
  }));
  const listed = setup.sources.filter((source) => (sources[source] ?? 0) > 0 || filter.source === source);
  const sourceLinks = listed.map((source) => ({
    text: source,
    count: sources[source] ?? 0,
    filter: { ...filter, source: filter.source === source ? undefined : source },
    isOn: filter.source === source,
  }));
  return (
    <aside class="side" aria-label="Counts">
      <Links
        title="Show"
        hrefTo={hrefTo}
        links={[
          { text: 'all', count: all, filter: { ...filter, state: undefined }, isOn: filter.state === undefined },
          ...stateLinks,
          {
            text: 'all models agree',
            count: noise,
            filter: { ...filter, noise: filter.noise === true ? undefined : true },
            isOn: filter.noise === true,
          },
        ]}
      />
      <Confusions filter={filter} cap={setup.cap} confusions={confusions} hrefTo={hrefTo} />
      <Links title="Source" hrefTo={hrefTo} links={sourceLinks} />
    </aside>
  );
}

interface ConfusionsProps extends Pick<SideProps, 'filter' | 'hrefTo'> {
  readonly cap: number;
  readonly confusions: PhotoFacets['confusions'];
}

function Confusions({ filter, cap, confusions, hrefTo }: ConfusionsProps) {
  if (confusions.length === 0) return null;
  return (
    <section>
      <h2>Confusions with open quota</h2>
      <ul class="count-links">
        {confusions.map(({ wnid, name, confusionWnid, confusionName, accepted, open }) => (
          <li key={`${wnid} ${confusionWnid}`}>
            <a
              href={hrefTo({ ...filter, wnid, confusion: confusionWnid })}
              aria-current={filter.wnid === wnid && filter.confusion === confusionWnid ? 'true' : undefined}
              title={`${countText(open)} open`}
            >
              <span>
                <span class="searched">{name}</span> → <span class="predicted">{confusionName}</span>
              </span>
              <span class="count">
                {accepted} of {cap}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface LinksProps {
  readonly title: string;
  readonly hrefTo: (filter: ReviewFilter) => string;
  readonly links: readonly {
    readonly text: string;
    readonly count: number;
    readonly filter: ReviewFilter;
    readonly isOn: boolean;
  }[];
}

function Links({ title, hrefTo, links }: LinksProps) {
  return (
    <section>
      <h2>{title}</h2>
      <ul class="count-links">
        {links.map(({ text, count, filter, isOn }) => (
          <li key={text}>
            <a href={hrefTo(filter)} aria-current={isOn ? 'true' : undefined}>
              <span>{text}</span>
              <span class="count">{countText(count)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
