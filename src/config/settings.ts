import * as z from 'zod';
import { EXECUTION_PROVIDERS } from '../kernel/execution-provider.ts';
import { wholeNumber } from './schema-problems.ts';
import { SERVER_SETTINGS } from './server-settings.ts';
import { SERVICE_SETTINGS } from './service-settings.ts';
import { httpUrl, setting, type Setting } from './setting.ts';
import { WORKER_SETTINGS } from './worker-settings.ts';

/** What `filter.threads` may be at most. */
export const MOST_THREADS = 256;

/**
 * Every setting there is. To add one, add a line here and run `npm run test:integration -- default-yaml -u`, which writes it into
 * config/default.yaml; its environment name, `--set` name, checks, row of `winnow config` and type follow from the line.
 */
const TABLE = {
  ...SERVICE_SETTINGS,
  'crawl.limitPerClass': setting(wholeNumber(1).nullable(), null, 'Photos found per class and source. null: no limit.'),
  'crawl.contact': setting(
    z.string().trim().min(3).max(200).describe('an e-mail address or a URL').nullable(),
    null,
    'Whom sites can write to: an e-mail address or a URL, sent in the User-Agent. Crawling a network source needs it.',
  ),
  'crawl.userAgent': setting(
    z
      .string()
      .regex(/^[!-~]([ -~]{0,198}[!-~])?$/)
      .describe('printable ASCII')
      .nullable(),
    null,
    'User-Agent of all requests. null: winnow/VERSION (+CONTACT). The token `winnow` is what robots.txt is read for.',
  ),
  'crawl.sameBytesLimit': setting(
    wholeNumber(2).nullable(),
    5,
    'If so many different pictures of one network source have the same bytes, these are a notice and no photo: all of them are ' +
      'dropped (placeholder), and what comes later with the same bytes, too. null: never.',
  ),
  'crawl.maxBacklog': setting(
    wholeNumber(100),
    5_000,
    'Discovery pauses while more pictures than this of a source wait to be fetched.',
  ),
  'sources.inaturalist.url': setting(httpUrl(), 'https://api.inaturalist.org/v1', 'The API of iNaturalist, v1.'),
  'sources.inaturalist.photoSize': setting(
    z.enum(['original', 'large', 'medium', 'small']),
    'large',
    'Size of the photos to fetch, by the longer side: original 2048, large 1024, medium 500, small 240 pixels.',
  ),
  'sources.inaturalist.qualityGrade': setting(
    z.enum(['any', 'research', 'needs_id', 'casual']),
    'research',
    'Grade of the observations to take; cultivated plants are seldom research grade.',
  ),
  'sources.inaturalist.captive': setting(
    z.enum(['any', 'true', 'false']),
    'any',
    'Whether to take captive and cultivated organisms (true: only those).',
  ),
  'sources.inaturalist.requestsPerMinute': setting(
    perMinute(),
    55,
    'API requests a minute; the site asks for 60 at most.',
  ),
  'sources.inaturalist.requestsPerDay': setting(
    perMinute(),
    9_900,
    'API requests a day; the site asks for under 10,000.',
  ),
  'sources.inaturalist.mediaBytesPerHour': setting(
    wholeNumber(1).nullable(),
    4_900_000_000,
    'Bytes of photos an hour from hosts other than the open-data bucket; above 5 GB the site may block for good.',
  ),
  'sources.inaturalist.mediaBytesPerDay': setting(
    wholeNumber(1).nullable(),
    23_500_000_000,
    'The same a day; above 24 GB the site may block for good.',
  ),
  'sources.inaturalist.mediaHosts': setting(
    z.array(z.string().min(1)).describe('a list of hosts'),
    ['static.inaturalist.org', 'www.inaturalist.org'],
    'Hosts (and what is below them) whose bytes count.',
  ),
  'sources.inaturalistOpenData.url': setting(
    z.string().trim().min(1).describe('a folder or an http(s) URL'),
    'https://inaturalist-open-data.s3.amazonaws.com',
    'Where the open-data dump is (taxa, observations, observers, photos .csv.gz): a folder, or a URL.',
  ),
  'sources.inaturalistOpenData.mediaUrl': setting(
    httpUrl(),
    'https://inaturalist-open-data.s3.amazonaws.com',
    'Where the photos of the dump are.',
  ),
  'sources.inaturalistOpenData.mediaRequestsPerMinute': setting(
    perMinute(),
    1_200,
    'Photos a minute from that bucket.',
  ),
  'sources.flickr.url': setting(httpUrl(), 'https://api.flickr.com/services/rest/', 'The REST endpoint of Flickr.'),
  'sources.flickr.apiKey': setting(z.string().min(1).describe('a key').nullable(), null, {
    description:
      'Key for the Flickr API (made at flickr.com/services/apps/create by Pro accounts); the source needs it.',
    secret: 'whole',
    aliases: ['FLICKR_API_KEY'],
  }),
  'sources.flickr.maxSidePixels': setting(
    wholeNumber(240, 2048),
    1024,
    'Longer side of the photos to fetch at most, in pixels.',
  ),
  'sources.flickr.mediaUrl': setting(
    httpUrl().nullable(),
    null,
    'Where to fetch pictures in place of https://live.staticflickr.com. null: where the answers say.',
  ),
  'sources.flickr.requestsPerMinute': setting(
    perMinute(),
    55,
    'API requests a minute; the site asks for under 3,600 an hour.',
  ),
  'sources.flickr.requestsPerDay': setting(perMinute(), null, 'API requests a day. null: no limit.'),
  'sources.flickr.mediaRequestsPerMinute': setting(
    perMinute(),
    20,
    'Photos a minute from live.staticflickr.com, which blocks those in a hurry.',
  ),
  'sources.duckduckgo.url': setting(httpUrl(), 'https://duckduckgo.com', 'Where DuckDuckGo is.'),
  'sources.duckduckgo.ignoreRobots': setting(
    z.boolean(),
    false,
    'DuckDuckGo has no documented API: its search pages are requested, whatever its robots.txt says, only if this is true.',
  ),
  'sources.duckduckgo.maxPages': setting(wholeNumber(1, 20), 5, 'Pages of 100 results to take of each search at most.'),
  'sources.duckduckgo.safeSearch': setting(z.boolean(), true, 'Leave out what is not for everybody.'),
  'sources.duckduckgo.region': setting(
    z
      .string()
      .regex(/^[a-z]{2}-[a-z]{2}$/)
      .describe('a region like us-en'),
    'wt-wt',
    'Region of the results; wt-wt is none.',
  ),
  'sources.duckduckgo.requestsPerMinute': setting(perMinute(), 20, 'Requests a minute to DuckDuckGo.'),
  'sources.duckduckgo.requestsPerDay': setting(perMinute(), 2_000, 'Requests a day to DuckDuckGo.'),
  'fetch.connections': setting(wholeNumber(1, 256), 16, 'How many photos are fetched and stored at once.'),
  'fetch.connectionsPerHost': setting(wholeNumber(1, 64), 4, 'Connections to one host at once, over all workers.'),
  'fetch.requestsPerMinutePerHost': setting(
    perMinute(),
    60,
    'Requests a minute to a host that no source has limits of its own for. null: no limit.',
  ),
  'fetch.polite': setting(
    z.boolean(),
    true,
    'Whether to be polite; false: no permits and no robots.txt for the hosts of fetch.allowAddresses (your own servers); all others stay as they are.',
  ),
  'fetch.allowAddresses': setting(
    z.array(z.string().min(1)).describe('a list of hosts'),
    [],
    'Pairs of host:port that may be fetched from although they are private (127.0.0.1:8080, intranet.example:80, 10.0.0.5:*).',
  ),
  'fetch.totalTimeoutMs': setting(
    wholeNumber(100),
    60_000,
    'A photo that takes longer is given up for now, in milliseconds.',
  ),
  'fetch.firstByteTimeoutMs': setting(
    wholeNumber(100),
    15_000,
    'Time for a host to begin its answer, in milliseconds.',
  ),
  'fetch.minBytesPerSecond': setting(
    wholeNumber(0),
    1_000,
    'A download slower than this over ten seconds is given up.',
  ),
  'fetch.tries': setting(
    wholeNumber(1, 20),
    4,
    'How often a photo is asked for in all, if what goes wrong may pass (a time-out, a server in trouble).',
  ),
  'fetch.maxRedirects': setting(wholeNumber(0, 20), 5, 'Redirects followed for one photo.'),
  'fetch.maxBytes': setting(
    wholeNumber(1, 2 ** 31 - 1),
    50 * 1024 * 1024,
    'Larger files are refused (too-large), in bytes. A photo is held in memory as a whole.',
  ),
  'fetch.maxPixels': setting(
    wholeNumber(1, 2 ** 31 - 1),
    178_956_970,
    'Pictures of more pixels (width x height) are refused (too-many-pixels) before they are decoded. The default is the most ' +
      'that Pillow opens without an error, so that all accepted photos can be read by the tools that will use the set; ' +
      'decoded it takes 537 MB.',
  ),
  'fetch.minSidePixels': setting(
    wholeNumber(1, 65_535),
    64,
    'Pictures from the network with a shorter side below this are dropped (too-small), in pixels. Folders take any size.',
  ),
  'fetch.maxAspectRatio': setting(
    z.number().min(1).max(65_535).describe('a number from 1 to 65535').nullable(),
    null,
    'Photos whose longer side is more than this many times the shorter are dropped (aspect-ratio). null: no limit.',
  ),
  'images.maxPixelsAtOnce': setting(
    wholeNumber(1, 2 ** 31 - 1),
    178_956_970,
    'Pixels that a process decodes at once, on all its threads; a larger picture is decoded alone. Most pictures take 3 bytes ' +
      'a pixel while they are decoded (537 MB in all), and some up to 16, if they are interlaced, progressive or turned (2.9 GB).',
  ),
  'filter.threads': setting(
    wholeNumber(1, MOST_THREADS).nullable(),
    null,
    'Threads that run the models. null: one per processor. Unless it is given, what `winnow doctor --tune` measured.',
  ),
  'filter.batchPhotos': setting(
    wholeNumber(1, 4096),
    32,
    'Photos whose evidence and decisions are read and stored together; 64 at most are.',
  ),
  'filter.batchCrops': setting(
    wholeNumber(1, 256),
    2,
    'Crops in one forward pass of a model. Unless it is given, what `winnow doctor --tune` measured.',
  ),
  'filter.evaluate': setting(
    z.enum(['needed', 'all']),
    'needed',
    'Crops to run. needed: only until a photo is decided, with the same decisions; all: every crop of every member, of photos that ' +
      'are decided, too, with the logits that `winnow what-if` needs to decide under any setting.',
  ),
  'filter.executionProvider': setting(
    z.enum(EXECUTION_PROVIDERS),
    'cpu',
    'Where the models run; the cpu where the other is not available (`winnow doctor` says why). Another provider computes the same ' +
      'except for the last digits, so evidence and decisions count only for the provider that they were made with.',
  ),
  'models.mirrors': setting(
    z.array(z.url({ protocol: /^https?$/ })).describe('a list of http or https URLs'),
    [],
    'Folders on the web that hold model files by their names (MIRROR/resnet50-v1-12.onnx); `models pull` asks them before the ' +
      "card's own URLs. They may be private addresses. What comes must have the card's size and sha256, whoever sends it.",
  ),
  'shortlist.thumbnailPixels': setting(
    wholeNumber(16, 2048),
    240,
    'Longer side of the thumbnails on the shortlist page, in pixels.',
  ),
  'shortlist.onePagePhotos': setting(
    wholeNumber(1),
    1_000,
    'Photos on one shortlist page (some 11 kB each); of more than this an index and a page for each class are made.',
  ),
  ...SERVER_SETTINGS,
  ...WORKER_SETTINGS,
  'log.level': setting(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    'The least severe log lines that are written to stderr.',
  ),
  'log.format': setting(
    z.enum(['auto', 'text', 'json']),
    'auto',
    'Shape of the log on stderr. text: a sentence a line; json: an object a line; auto: json for workers whose stderr is no terminal, else text.',
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

const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>(Object.entries(TABLE));
export const SETTING_NAMES: readonly SettingName[] = [...SETTINGS.keys()].filter(isSettingName);

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(TABLE, name);
}

export function settingOf(name: SettingName): Setting {
  return TABLE[name];
}

/** A rate; null: no limit. */
function perMinute(): z.ZodNullable<z.ZodNumber> {
  return wholeNumber(1).nullable();
}
