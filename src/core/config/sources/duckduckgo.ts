import * as z from 'zod';
import { UsageError } from '../../kernel/errors.ts';
import { wholeNumber } from '../schema-problems.ts';
import { httpUrl, perMinute, setting } from '../setting.ts';
import { defineSource } from './source.ts';

const CONSENT = 'sources.duckduckgo.ignoreRobots';

const NOTICE =
  'DuckDuckGo has no documented API, and its robots.txt applies to its search pages as to any other page. They are ' +
  `requested, whatever it says, only with ${CONSENT}: true. For the hosts of the pictures that it finds, ` +
  'robots.txt is always respected.';

export const duckduckgo = defineSource({
  name: 'duckduckgo',
  key: 'duckduckgo',
  isSearched: true,
  line: 'duckduckgo',
  title: 'the image search of DuckDuckGo',
  homepage: 'https://duckduckgo.com/',
  collectionType: 'Web Scraping',
  exceptionText: 'It requested the search pages of DuckDuckGo whatever the robots.txt of DuckDuckGo says.',
  settings: {
    url: setting(httpUrl(), 'https://duckduckgo.com', 'Address of DuckDuckGo.'),
    ignoreRobots: setting(
      z.boolean(),
      false,
      'Whether to request the search pages of DuckDuckGo although its robots.txt may forbid it. It has no documented API, so the ' +
        'source works only if this is true.',
    ),
    maxPages: setting(wholeNumber(1, 20), 5, 'How many pages of 100 results to read of each search, at most.'),
    safeSearch: setting(z.boolean(), true, 'Whether to leave out results that are unsuitable for some audiences.'),
    region: setting(
      z
        .string()
        .regex(/^[a-z]{2}-[a-z]{2}$/)
        .describe('a region like us-en'),
      'wt-wt',
      'Region of the results. wt-wt: no region.',
    ),
    requestsPerMinute: setting(perMinute(), 20, 'Requests a minute to DuckDuckGo.'),
    requestsPerDay: setting(perMinute(), 2_000, 'Requests a day to DuckDuckGo.'),
  },
  limits: ({ requestsPerMinute, requestsPerDay }) => ({ requestsPerMinute, requestsPerDay }),
  addresses: ({ url }) => [url],
  missing: ({ ignoreRobots }) =>
    ignoreRobots
      ? null
      : new UsageError(`${NOTICE} If you may do this, add --set ${CONSENT}=true.`, { code: 'duckduckgo-robots' }),
  advice({ ignoreRobots }) {
    const detail = `${NOTICE} It is ${ignoreRobots ? `asked: ${CONSENT} is true` : 'not asked'}.`;
    return { name: 'DuckDuckGo', state: 'note', detail };
  },
});
