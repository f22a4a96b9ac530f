import * as z from 'zod';
import { wholeNumber } from '../schema-problems.ts';
import { httpUrl, perMinute, setting } from '../setting.ts';
import { defineSource } from './source.ts';

export const inaturalist = defineSource({
  name: 'inaturalist',
  key: 'inaturalist',
  isSearched: true,
  line: 'inaturalist',
  title: 'iNaturalist',
  homepage: 'https://www.inaturalist.org/',
  collectionType: 'Web API',
  settings: {
    url: setting(httpUrl(), 'https://api.inaturalist.org/v1', 'Address of the iNaturalist API, v1.'),
    photoSize: setting(
      z.enum(['original', 'large', 'medium', 'small']),
      'large',
      'Size of the photos to fetch. Longer side in pixels: original 2048, large 1024, medium 500, small 240.',
    ),
    qualityGrade: setting(
      z.enum(['any', 'research', 'needs_id', 'casual']),
      'research',
      'Quality grade of the observations to take. Cultivated plants are seldom research grade.',
    ),
    captive: setting(
      z.enum(['any', 'true', 'false']),
      'any',
      'Whether to take captive and cultivated organisms (true: only those).',
    ),
    requestsPerMinute: setting(perMinute(), 55, 'API requests a minute. The site asks for at most 60.'),
    requestsPerDay: setting(perMinute(), 9_900, 'API requests a day. The site asks for fewer than 10,000.'),
    mediaBytesPerHour: setting(
      wholeNumber(1).nullable(),
      4_900_000_000,
      'Bytes of photos an hour from the hosts of mediaHosts. Above 5 GB the site may block you permanently.',
    ),
    mediaBytesPerDay: setting(
      wholeNumber(1).nullable(),
      23_500_000_000,
      'Bytes of photos a day from the hosts of mediaHosts. Above 24 GB the site may block you permanently.',
    ),
    mediaHosts: setting(
      z.array(z.string().min(1)).describe('a list of hosts'),
      ['static.inaturalist.org', 'www.inaturalist.org'],
      'Hosts whose photos count for mediaBytesPerHour and mediaBytesPerDay, with all hosts below them.',
    ),
  },
  limits: (own) => own,
  addresses: ({ url }) => [url],
});
