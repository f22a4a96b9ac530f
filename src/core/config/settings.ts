import * as z from 'zod';
import { EXECUTION_PROVIDERS } from '../kernel/execution-provider.ts';
import { wholeNumber } from './schema-problems.ts';
import { SERVER_SETTINGS } from './server-settings.ts';
import { SERVICE_SETTINGS } from './service-settings.ts';
import { perMinute, setting, type Setting } from './setting.ts';
import { SETTINGS_OF_SOURCES } from './sources/sources.ts';

const MOST_THREADS = 256;

const REFUSED_SIGNALS = (
  'noai,noimageai,noindex,noimageindex,none,unavailable_after,tdm-reservation,DMI-PROHIBITED,' +
  'DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING'
).split(',');
const SIGNAL =
  /^(?:no(?:image)?ai|no(?:image)?index|none|noml|unavailable_after|tdm-reservation|DMI-[A-Z-]+|[a-z*][\w.*-]*=\S+)$/;

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
  'crawl.signals': setting(
    z
      .array(z.string().trim().regex(SIGNAL))
      .describe(`a list of ${REFUSED_SIGNALS.slice(0, 7).join(', ')}, noml, DMI-... and KEY=VALUE`),
    REFUSED_SIGNALS,
    'Signals of a site or a file about use by machines that refuse a photo (opted-out). winnow stores the others, such as noml, ' +
      'DMI-PROHIBITED-GENAIMLTRAINING, train-ai=n (Content-Usage) and ai-train=no (Content-Signal); a name added here refuses too. ' +
      'Photos that were refused stay so.',
  ),
  'crawl.maxBacklog': setting(
    wholeNumber(100),
    5_000,
    'Discovery pauses while more pictures than this of a source wait to be fetched.',
  ),
  'crawl.giveUpAfterMs': setting(
    wholeNumber(0).nullable(),
    300_000,
    'A source is given up if its requests have failed for this many milliseconds without an answer between, or if its site ' +
      'wants a longer pause. The other sources go on. A dead network ends a crawl in the same way. null: never. Workers never give up.',
  ),
  ...SETTINGS_OF_SOURCES,
  'fetch.connections': setting(wholeNumber(1, 256), 16, 'How many photos are fetched at the same time.'),
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
    'How many pixels a process decodes at the same time, on all its threads and filter.devices. A larger picture is decoded alone. Most pictures ' +
      'take 3 bytes a pixel while they are decoded (537 MB in all). Interlaced, progressive or rotated ones take up to 16 (2.9 GB).',
  ),
  'filter.threads': setting(
    wholeNumber(1, MOST_THREADS).nullable(),
    null,
    'Threads that run the models. null: one per processor.',
  ),
  'filter.batchPhotos': setting(
    wholeNumber(1, 4096),
    32,
    'Photos whose evidence and decisions are read and stored together. Values above 64 act as 64.',
  ),
  'filter.batchCrops': setting(wholeNumber(1, 256), 2, 'Crops in one forward pass of a model.'),
  'filter.evaluate': setting(
    z.enum(['needed', 'all']),
    'needed',
    'Crops to run. needed: only until a photo is decided. all: every crop of every member, also for photos that are decided ' +
      'already, with the logits that `winnow what-if` needs to decide under any setting. The decisions are the same.',
  ),
  'filter.executionProvider': setting(
    z.enum(EXECUTION_PROVIDERS),
    'cpu',
    'Where the models run. If the provider is not available, commands that run models end and say what it needs. Results of two ' +
      'providers differ in the last digits. Evidence keeps the provider that made it, and decisions count on every machine.',
  ),
  'filter.devices': setting(
    z
      .array(wholeNumber(0, 255))
      .refine((devices) => new Set(devices).size === devices.length)
      .describe('a list of different whole numbers from 0 to 255'),
    [],
    'Numbers of the GPUs that the filter uses, as `nvidia-smi` counts them, for the providers cuda and dml. If there are several, each has ' +
      'an engine process of its own, and filter.threads are shared among them. Empty: one GPU, which the provider chooses.',
  ),
  'filter.providerFallback': setting(
    z.boolean(),
    false,
    'Whether models run on the cpu, with a warning, if the provider of filter.executionProvider is not available.',
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
  'review.secondPass': setting(
    z.number().min(0).max(1).describe('a number from 0 to 1'),
    0.1,
    'Share of the listed photos that a second person reviews without seeing the first verdict. Each photo is drawn with this chance. It can be changed at any time; a running server reads it when it starts again.',
  ),
  'review.blind': setting(
    z.boolean(),
    false,
    'Whether reviewers see nothing from the models about a photo before their own verdict on it. A collection with controls is always reviewed so.',
  ),
  'review.target': setting(
    wholeNumber(1).nullable(),
    null,
    'Accepted photos that each class should have. The shortlist lists no more photos of a class than could be needed for it. null: no target.',
  ),
  'review.acceptance.maxLabelError': setting(
    z.number().gt(0).lt(1).describe('a number between 0 and 1').nullable(),
    null,
    'The share of wrong photos up to which a set is accepted. The second pass is the inspection: winnow acceptance tells the state. null: no limit.',
  ),
  'review.acceptance.confidence': setting(
    z.number().min(0.5).lt(1).describe('a number from 0.5 to less than 1'),
    0.95,
    'How sure the inspection must be that the share of wrong photos is within the limit, or above it.',
  ),
  'review.acceptance.looks': setting(
    wholeNumber(1, 100),
    1,
    'How often the inspection may be decided: each complete review of other photos is a look. More looks make the limits wider. This setting, the limit and the confidence are stored at the first verdict, and hold until winnow acceptance --draw.',
  ),
  'review.leaseMs': setting(
    wholeNumber(1_000, 86_400_000),
    600_000,
    'How long a photo is kept for the reviewer to whom it was sent, in milliseconds. Then another reviewer gets it.',
  ),
  'review.outsideModels': setting(
    z.array(z.string().trim().min(1)).describe('a list of model cards'),
    ['efficientnet-lite2'],
    'Models outside the ensemble whose predictions reviewers see. They take no part in decisions; `winnow shortlist` runs them on listed photos.',
  ),
  ...SERVER_SETTINGS,
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

export type Config = Nested<Values>;

export const SETTING_NAMES: readonly SettingName[] = Object.keys(TABLE).filter(isSettingName);

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(TABLE, name);
}

export function settingOf(name: SettingName): Setting {
  return TABLE[name];
}
