import type { Config } from '../../config/settings.ts';
import type { NetworkSourceName } from '../../config/sources/sources.ts';
import { commonsSource } from './commons/commons.ts';
import { planSearches as planCommons } from './commons/plan.ts';
import { duckduckgoSource, phrasesOf } from './duckduckgo/duckduckgo.ts';
import { flickrSource } from './flickr/flickr.ts';
import { planSearches } from './flickr/plan.ts';
import { InaturalistSource } from './inaturalist/inaturalist-source.ts';
import { entriesOf } from './inaturalist/entry.ts';
import type { NetworkSource, PlanResult, WantedClass } from './network-source.ts';

export interface SearchTerms {
  readonly terms: readonly string[];
  readonly problems: readonly string[];
}

export interface Search {
  readonly open: (sources: Config['sources'], context: SearchContext) => NetworkSource;
  readonly terms: (wanted: WantedClass) => SearchTerms;
}

export interface SearchContext {
  readonly licences: 'any' | readonly string[];
  readonly userAgent: string;
}

function titlesOf({ queries, problems }: PlanResult): SearchTerms {
  return { terms: queries.map(({ title }) => title), problems };
}

export const SEARCHES: Readonly<Record<NetworkSourceName, Search>> = {
  inaturalist: {
    open: ({ inaturalist }, { licences }) => new InaturalistSource({ ...inaturalist, licences }),
    terms(wanted) {
      const { entries, problems } = entriesOf(wanted);
      return { terms: entries.map(({ taxon }) => taxon), problems };
    },
  },
  commons: {
    open: ({ commons }) => commonsSource(commons),
    terms: (wanted) => titlesOf(planCommons(wanted)),
  },
  flickr: {
    open: ({ flickr }, { licences }) => flickrSource({ ...flickr, apiKey: flickr.apiKey ?? '', licences }),
    terms: (wanted) => titlesOf(planSearches(wanted, { licences: null, nowMs: 0 })),
  },
  duckduckgo: {
    open: ({ duckduckgo }, { userAgent }) => duckduckgoSource({ ...duckduckgo, userAgent }),
    terms(wanted) {
      const { phrases, problems } = phrasesOf(wanted);
      return { terms: phrases, problems };
    },
  },
};
