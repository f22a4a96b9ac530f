import * as z from 'zod';
import { EXECUTION_PROVIDERS } from '../kernel/execution-provider.ts';
import { wholeNumber } from './schema-problems.ts';
import { SERVER_SETTINGS } from './server-settings.ts';
import { SERVICE_SETTINGS } from './service-settings.ts';
import { httpUrl, setting, type Setting } from './setting.ts';
import { WORKER_SETTINGS } from './worker-settings.ts';

/** The largest value of `filter.threads`. */
export const MOST_THREADS = 256;

/**
 * The table of all settings. To add a setting, add a row here and run `npm run test:integration -- default-yaml -u`, which writes
 * it into config/default.yaml. Its environment variable, `--set` name, checks, line in `winnow config` and type follow from the row.
 */
const TABLE = {
  ...SERVICE_SETTINGS,
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
    'Address to fetch pictures from in place of https://live.staticflickr.com. null: the addresses that the API returns.',
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
  'fetch.connections': setting(wholeNumber(1, 256), 16, 'How many photos are fetched and stored at the same time.'),
  'fetch.connectionsPerHost': setting(
    wholeNumber(1, 64),
    4,
    'Connections to one host at the same time, over all workers.',
  ),
  'fetch.requestsPerMinutePerHost': setting(
    perMinute(),
    60,
    'Requests a minute to a host for which no source has its own limit. null: no limit.',
  ),
  'fetch.polite': setting(
    z.boolean(),
    true,
    'Whether rate limits and robots.txt also apply to the hosts of fetch.allowAddresses (your own servers).',
  ),
  'fetch.allowAddresses': setting(
    z.array(z.string().min(1)).describe('a list of hosts'),
    [],
    'Private addresses that winnow may fetch from, as host:port (127.0.0.1:8080, intranet.example:80, 10.0.0.5:*).',
  ),
  'fetch.totalTimeoutMs': setting(
    wholeNumber(100),
    60_000,
    'Time limit for fetching one photo, in milliseconds. A photo that takes longer is retried later.',
  ),
  'fetch.firstByteTimeoutMs': setting(
    wholeNumber(100),
    15_000,
    'Time limit for the first byte of an answer, in milliseconds.',
  ),
  'fetch.minBytesPerSecond': setting(
    wholeNumber(0),
    1_000,
    'Lowest rate of a download, in bytes a second. A download that is slower over ten seconds is aborted.',
  ),
  'fetch.tries': setting(
    wholeNumber(1, 20),
    4,
    'How often a photo is requested in all, if the errors are temporary (a timeout, a server error).',
  ),
  'fetch.maxRedirects': setting(wholeNumber(0, 20), 5, 'How many redirects winnow follows for one photo.'),
  'fetch.maxBytes': setting(
    wholeNumber(1, 2 ** 31 - 1),
    50 * 1024 * 1024,
    'Largest file to accept, in bytes. Larger ones are refused (too-large). A photo is held in memory as a whole.',
  ),
  'fetch.maxPixels': setting(
    wholeNumber(1, 2 ** 31 - 1),
    178_956_970,
    'Pictures with more pixels (width x height) are refused (too-many-pixels) before they are decoded. The default is the most ' +
      'that Pillow opens without an error, so that the tools that use the set can read all accepted photos. A picture of this ' +
      'size takes 537 MB when decoded.',
  ),
  'fetch.minSidePixels': setting(
    wholeNumber(1, 65_535),
    64,
    'Pictures from the network whose shorter side is below this are dropped (too-small), in pixels. Folders accept any size.',
  ),
  'fetch.maxAspectRatio': setting(
    z.number().min(1).max(65_535).describe('a number from 1 to 65535').nullable(),
    null,
    'Photos whose longer side is more than this many times the shorter side are dropped (aspect-ratio). null: no limit.',
  ),
  'images.maxPixelsAtOnce': setting(
    wholeNumber(1, 2 ** 31 - 1),
    178_956_970,
    'How many pixels a process decodes at the same time, on all its threads. A larger picture is decoded alone. Most pictures ' +
      'take 3 bytes a pixel while they are decoded (537 MB in all). Interlaced, progressive or rotated ones take up to 16 (2.9 GB).',
  ),
  'filter.threads': setting(
    wholeNumber(1, MOST_THREADS).nullable(),
    null,
    'Threads that run the models. null: one per processor. If no value is given, the one that `winnow doctor --tune` measured.',
  ),
  'filter.batchPhotos': setting(
    wholeNumber(1, 4096),
    32,
    'Photos whose evidence and decisions are read and stored together. Values above 64 act as 64.',
  ),
  'filter.batchCrops': setting(
    wholeNumber(1, 256),
    2,
    'Crops in one forward pass of a model. If no value is given, the one that `winnow doctor --tune` measured.',
  ),
  'filter.evaluate': setting(
    z.enum(['needed', 'all']),
    'needed',
    'Crops to run. needed: only until a photo is decided. all: every crop of every member, also for photos that are decided ' +
      'already, with the logits that `winnow what-if` needs to decide under any setting. The decisions are the same.',
  ),
  'filter.executionProvider': setting(
    z.enum(EXECUTION_PROVIDERS),
    'cpu',
    'Where the models run. If the provider is not available, they run on the cpu (`winnow doctor` says why). Results of two ' +
      'providers differ in the last digits, so evidence and decisions count only for the provider that made them.',
  ),
  'models.mirrors': setting(
    z.array(z.url({ protocol: /^https?$/ })).describe('a list of http or https URLs'),
    [],
    'Web folders that hold model files by their names (MIRROR/resnet50-v1-12.onnx). `models pull` tries them before the ' +
      "card's own URLs. They may be private addresses. Every download must have the card's size and sha256.",
  ),
  'shortlist.thumbnailPixels': setting(
    wholeNumber(16, 2048),
    240,
    'Longer side of the thumbnails on the shortlist page, in pixels.',
  ),
  'shortlist.onePagePhotos': setting(
    wholeNumber(1),
    1_000,
    'Photos on one shortlist page (some 11 kB each). A shortlist with more photos gets an index and a page for each class.',
  ),
  ...SERVER_SETTINGS,
  ...WORKER_SETTINGS,
  'log.level': setting(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    'Lowest severity of the log lines that are written to stderr.',
  ),
  'log.format': setting(
    z.enum(['auto', 'text', 'json']),
    'auto',
    'Format of the log on stderr. text: a sentence a line. json: an object a line. auto: json for workers without a terminal, else text.',
  ),
} as const;

export type SettingName = keyof typeof TABLE;
type Leaf<V> = V extends readonly (infer E)[] ? readonly E[] : V;
type Values = { readonly [N in SettingName]: Leaf<z.output<(typeof TABLE)[N]['schema']>> };
type Head<N> = N extends `${infer H}.${string}` ? H : N;
type Below<V, H extends string> = { readonly [N in keyof V as N extends `${H}.${infer Rest}` ? Rest : never]: V[N] };
type Nested<V> = { readonly [H in Head<keyof V & string>]: H extends keyof V ? V[H] : Nested<Below<V, H>> };

/** All settings with their types, nested by the dots of their names. */
export type Config = Nested<Values>;

export const SETTING_NAMES: readonly SettingName[] = Object.keys(TABLE).filter(isSettingName);

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(TABLE, name);
}

export function settingOf(name: SettingName): Setting {
  return TABLE[name];
}

/** A schema of rates. Null: no limit. */
function perMinute(): z.ZodNullable<z.ZodNumber> {
  return wholeNumber(1).nullable();
}
