import { z } from 'zod';
import type { Secret } from './quote.ts';
import { wholeNumber } from './schema-problems.ts';

/**
 * Every setting there is. To add one, add a line here and run `npm run test:integration -- default-yaml -u`, which writes it into
 * config/default.yaml; its environment name, `--set` name, checks, row of `winnow config` and type follow from the line.
 */
const TABLE = {
  'postgres.url': setting(postgresUrl().nullable(), null, {
    description: 'URL of the PostgreSQL (14 or newer) to use. null: winnow runs one of its own inside the data folder.',
    secret: 'url-passwords',
    aliases: ['DATABASE_URL'],
  }),
  'crawl.limitPerClass': setting(wholeNumber(1).nullable(), null, 'Photos found per class and source. null: no limit.'),
  'fetch.connections': setting(wholeNumber(1, 256), 8, 'How many photos are imported at once.'),
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
    1,
    'Photos with a shorter side below this are dropped (too-small), in pixels.',
  ),
  'fetch.maxAspectRatio': setting(
    z.number().min(1).max(65_535).describe('a number from 1 to 65535').nullable(),
    null,
    'Photos whose longer side is more than this many times the shorter are dropped (aspect-ratio). null: no limit.',
  ),
  'filter.threads': setting(
    wholeNumber(1, 256).nullable(),
    null,
    'Threads that run the models. null: one per processor.',
  ),
  'filter.batchPhotos': setting(wholeNumber(1, 4096), 16, 'Photos in one filter batch.'),
  'filter.batchCrops': setting(wholeNumber(1, 256), 2, 'Crops in one forward pass of a model.'),
  'filter.evaluate': setting(
    z.enum(['needed', 'all']),
    'needed',
    'Crops to run. needed: only until a photo is decided, with the same decisions; all: every crop of every member, for full evidence.',
  ),
  'shortlist.thumbnailPixels': setting(
    wholeNumber(16, 2048),
    240,
    'Longer side of the thumbnails on the shortlist page, in pixels.',
  ),
  'log.level': setting(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    'The least severe log lines that are written to stderr.',
  ),
} as const;

export interface Setting<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly fallback: z.output<S>;
  /** A sentence or two with the unit and what null means. */
  readonly description: string;
  readonly secret?: Secret;
  /** Further environment names, weaker than the setting's own. */
  readonly aliases?: readonly string[];
}

export type SettingName = keyof typeof TABLE;
type Leaf<V> = V extends readonly (infer E)[] ? readonly E[] : V;
type Values = { readonly [N in SettingName]: Leaf<z.output<(typeof TABLE)[N]['schema']>> };
type Head<N> = N extends `${infer H}.${string}` ? H : N;
type Below<V, H extends string> = { readonly [N in keyof V as N extends `${H}.${infer Rest}` ? Rest : never]: V[N] };
type Nested<V> = { readonly [H in Head<keyof V & string>]: H extends keyof V ? V[H] : Nested<Below<V, H>> };

/** All settings with their types, nested by the dots of their names. */
export type Config = Nested<Values>;

export const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>(Object.entries(TABLE));
export const SETTING_NAMES: readonly SettingName[] = [...SETTINGS.keys()].filter(isSettingName);

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(TABLE, name);
}

export function settingOf(name: SettingName): Setting {
  return TABLE[name];
}

type Details = Pick<Setting, 'description' | 'secret' | 'aliases'>;

function setting<S extends z.ZodType>(schema: S, fallback: z.output<S>, details: string | Details): Setting<S> {
  return { schema, fallback, ...(typeof details === 'string' ? { description: details } : details) };
}

function postgresUrl(): z.ZodType<string> {
  return z
    .url({ protocol: /^postgres(ql)?$/ })
    .regex(/^[^:]+:\/\//)
    .describe(
      "a URL like postgres://user:password@host:5432/database (write '@', '#', '/' in a password as %40, %23, %2F)",
    );
}
