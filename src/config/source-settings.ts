import * as z from 'zod';
import { wholeNumber } from './schema-problems.ts';
import { httpUrl, perMinute, setting } from './setting.ts';

/** Settings of crawls and sources. */
export const SOURCE_SETTINGS = {
  'crawl.limitPerClass': setting(wholeNumber(1).nullable(), null, 'Photos per class and source. null: no limit.'),
  'crawl.contact': setting(
    z.string().trim().min(3).max(200).describe('an e-mail address or a URL').nullable(),
    null,
    'How sites can contact you: an e-mail address or a URL, sent in the User-Agent. Network sources need it.',
  ),
  'crawl.userAgent': setting(
    z
      .string()
      .regex(/^[!-~]([ -~]{0,198}[!-~])?$/)
      .describe('printable ASCII')
      .nullable(),
    null,
    'User-Agent of all requests. null: winnow/VERSION (+CONTACT). winnow obeys the robots.txt rules for the token `winnow`.',
  ),
  'crawl.sameBytesLimit': setting(
    wholeNumber(2).nullable(),
    5,
    'If this many different pictures of one network source have the same bytes, these are a notice and not a photo. All of the ' +
      'pictures are dropped (placeholder), and so are later ones with the same bytes. null: never.',
  ),
  'crawl.maxBacklog': setting(
    wholeNumber(100),
    5_000,
    'Discovery pauses while more pictures than this of a source wait to be fetched.',
  ),
  'sources.inaturalist.url': setting(
    httpUrl(),
    'https://api.inaturalist.org/v1',
    'Address of the iNaturalist API, v1.',
  ),
  'sources.inaturalist.photoSize': setting(
    z.enum(['original', 'large', 'medium', 'small']),
    'large',
    'Size of the photos to fetch. Longer side in pixels: original 2048, large 1024, medium 500, small 240.',
  ),
  'sources.inaturalist.qualityGrade': setting(
    z.enum(['any', 'research', 'needs_id', 'casual']),
    'research',
    'Quality grade of the observations to take. Cultivated plants are seldom research grade.',
  ),
  'sources.inaturalist.captive': setting(
    z.enum(['any', 'true', 'false']),
    'any',
    'Whether to take captive and cultivated organisms (true: only those).',
  ),
  'sources.inaturalist.requestsPerMinute': setting(
    perMinute(),
    55,
    'API requests a minute. The site asks for at most 60.',
  ),
  'sources.inaturalist.requestsPerDay': setting(
    perMinute(),
    9_900,
    'API requests a day. The site asks for fewer than 10,000.',
  ),
  'sources.inaturalist.mediaBytesPerHour': setting(
    wholeNumber(1).nullable(),
    4_900_000_000,
    'Bytes of photos an hour from the hosts of mediaHosts. Above 5 GB the site may block you permanently.',
  ),
  'sources.inaturalist.mediaBytesPerDay': setting(
    wholeNumber(1).nullable(),
    23_500_000_000,
    'Bytes of photos a day from the hosts of mediaHosts. Above 24 GB the site may block you permanently.',
  ),
  'sources.inaturalist.mediaHosts': setting(
    z.array(z.string().min(1)).describe('a list of hosts'),
    ['static.inaturalist.org', 'www.inaturalist.org'],
    'Hosts whose photos count for mediaBytesPerHour and mediaBytesPerDay, with all hosts below them.',
  ),
  'sources.inaturalistOpenData.url': setting(
    z.string().trim().min(1).describe('a folder or an http(s) URL'),
    'https://inaturalist-open-data.s3.amazonaws.com',
    'Folder or URL of the open-data dump (taxa, observations, observers, photos .csv.gz).',
  ),
  'sources.inaturalistOpenData.mediaUrl': setting(
    httpUrl(),
    'https://inaturalist-open-data.s3.amazonaws.com',
    'Address of the bucket with the photos of the dump.',
  ),
  'sources.inaturalistOpenData.mediaRequestsPerMinute': setting(
    perMinute(),
    1_200,
    'Photos a minute from the bucket of mediaUrl.',
  ),
  'sources.flickr.url': setting(
    httpUrl(),
    'https://api.flickr.com/services/rest/',
    'Address of the REST API of Flickr.',
  ),
  'sources.flickr.apiKey': setting(z.string().min(1).describe('a key').nullable(), null, {
    description:
      'Key for the Flickr API, which the source needs. Pro accounts create one at flickr.com/services/apps/create.',
    secret: 'whole',
    aliases: ['FLICKR_API_KEY'],
  }),
  'sources.flickr.maxSidePixels': setting(
    wholeNumber(240, 2048),
    1024,
    'Largest longer side of the photos to fetch, in pixels.',
  ),
  'sources.flickr.mediaUrl': setting(
    httpUrl().nullable(),
    null,
    'Address to fetch pictures from instead of https://live.staticflickr.com. null: the addresses that the API returns.',
  ),
  'sources.flickr.requestsPerMinute': setting(
    perMinute(),
    55,
    'API requests a minute. The site asks for fewer than 3,600 an hour.',
  ),
  'sources.flickr.requestsPerDay': setting(perMinute(), null, 'API requests a day. null: no limit.'),
  'sources.flickr.mediaRequestsPerMinute': setting(
    perMinute(),
    20,
    'Photos a minute from live.staticflickr.com, which blocks clients that send requests too fast.',
  ),
  'sources.duckduckgo.url': setting(httpUrl(), 'https://duckduckgo.com', 'Address of DuckDuckGo.'),
  'sources.duckduckgo.ignoreRobots': setting(
    z.boolean(),
    false,
    'Whether to request the search pages of DuckDuckGo although its robots.txt may forbid it. It has no documented API, so the ' +
      'source works only if this is true.',
  ),
  'sources.duckduckgo.maxPages': setting(
    wholeNumber(1, 20),
    5,
    'How many pages of 100 results to read of each search, at most.',
  ),
  'sources.duckduckgo.safeSearch': setting(
    z.boolean(),
    true,
    'Whether to leave out results that are unsuitable for some audiences.',
  ),
  'sources.duckduckgo.region': setting(
    z
      .string()
      .regex(/^[a-z]{2}-[a-z]{2}$/)
      .describe('a region like us-en'),
    'wt-wt',
    'Region of the results. wt-wt: no region.',
  ),
  'sources.duckduckgo.requestsPerMinute': setting(perMinute(), 20, 'Requests a minute to DuckDuckGo.'),
  'sources.duckduckgo.requestsPerDay': setting(perMinute(), 2_000, 'Requests a day to DuckDuckGo.'),
} as const;
