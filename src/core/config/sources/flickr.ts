import * as z from 'zod';
import { UsageError } from '../../kernel/errors.ts';
import { wholeNumber } from '../schema-problems.ts';
import { httpUrl, perMinute, setting } from '../setting.ts';
import { defineSource } from './source.ts';

export const flickr = defineSource({
  name: 'flickr',
  key: 'flickr',
  isSearched: true,
  line: 'flickr',
  title: 'Flickr',
  homepage: 'https://www.flickr.com/',
  collectionType: 'Web API',
  settings: {
    url: setting(httpUrl(), 'https://api.flickr.com/services/rest/', 'Address of the REST API of Flickr.'),
    apiKey: setting(z.string().min(1).describe('a key').nullable(), null, {
      description:
        'Key for the Flickr API, which the source needs. Keys need a Pro account: flickr.com/services/apps/create.',
      secret: 'whole',
      aliases: ['FLICKR_API_KEY'],
    }),
    maxSidePixels: setting(wholeNumber(240, 2048), 1024, 'Largest longer side of the photos to fetch, in pixels.'),
    mediaUrl: setting(
      httpUrl().nullable(),
      null,
      'Address to fetch pictures from instead of https://live.staticflickr.com. null: the addresses that the API returns.',
    ),
    requestsPerMinute: setting(perMinute(), 55, 'API requests a minute. The site asks for fewer than 3,600 an hour.'),
    requestsPerDay: setting(perMinute(), null, 'API requests a day. null: no limit.'),
    mediaRequestsPerMinute: setting(
      perMinute(),
      20,
      'Photos a minute from live.staticflickr.com, which blocks clients that send requests too fast.',
    ),
  },
  limits: ({ requestsPerMinute, requestsPerDay, mediaRequestsPerMinute }) => ({
    requestsPerMinute,
    requestsPerDay,
    mediaRequestsPerMinute,
    mediaHosts: ['staticflickr.com'],
  }),
  addresses: ({ url, mediaUrl }) => [url, mediaUrl],
  missing: ({ apiKey }) =>
    apiKey === null
      ? new UsageError(
          'The source flickr needs a key. Set sources.flickr.apiKey or FLICKR_API_KEY. Keys need a Pro account (flickr.com/services/apps/create); the source commons needs no key.',
          { code: 'flickr-key-missing' },
        )
      : null,
  advice({ apiKey }) {
    const name = 'Flickr key';
    if (apiKey !== null) return { name, state: 'ok', detail: 'present' };
    const detail =
      'missing: the source flickr needs sources.flickr.apiKey (or FLICKR_API_KEY). Keys need a Pro account (flickr.com/services/apps/create); the source commons needs no key';
    return { name, state: 'note', detail };
  },
});
