import type * as z from 'zod';
import type { UsageError } from '../../kernel/errors.ts';
import type { Setting } from '../setting.ts';

/** The limits of one source. Null for no limit. */
export interface SourceLimits {
  readonly requestsPerMinute: number | null;
  readonly requestsPerDay: number | null;
  /** Hosts (`host` or `host:port`) that serve this source's pictures, including all subdomains. May be empty. */
  readonly mediaHosts: readonly string[];
  /** Limit for each of these hosts. Null for the same limit as for any other host. */
  readonly mediaRequestsPerMinute: number | null;
  readonly mediaBytesPerHour: number | null;
  readonly mediaBytesPerDay: number | null;
  /** API requests in flight, in all processes. */
  readonly connections: number | null;
  /** Requests in flight to all of `mediaHosts` together, in all processes. These hosts then share `mediaRequestsPerMinute`. */
  readonly mediaConnections: number | null;
  /** The pause of the API after an answer that took over a second. */
  readonly pauseAfterSlowMs: number | null;
  /**
   * The pause of the API after an HTTP 5xx, and of `mediaHosts` after three in a row. It is no failure of the crawl. A picture is
   * postponed once for as long. With null, errors are retried as those of any other host.
   */
  readonly pauseAfterErrorMs: number | null;
}

export const NO_LIMITS: SourceLimits = {
  requestsPerMinute: null,
  requestsPerDay: null,
  mediaHosts: [],
  mediaRequestsPerMinute: null,
  mediaBytesPerHour: null,
  mediaBytesPerDay: null,
  connections: null,
  mediaConnections: null,
  pauseAfterSlowMs: null,
  pauseAfterErrorMs: null,
};

interface Facts {
  readonly title: string;
  /** Its part of a line in the queries file. Null if its photos come with their classes. */
  readonly line: string | null;
  /** The value of `--from` that it needs: in a sentence, as flags, and explained. Null if it takes no `--from`. */
  readonly from: { readonly what: string; readonly flags: string; readonly hint: string } | null;
  readonly homepage: string | null;
  /** How its photos were collected, in a word of the RAI vocabulary of Croissant. */
  readonly collectionType: 'Web API' | 'Web Scraping' | 'Secondary Data analysis' | 'Others';
  /** A sentence for the card of an export, if it does not obey the rules that all others obey. */
  readonly exceptionText: string | null;
}

const DEFAULTS = { line: null, from: null, homepage: null, collectionType: 'Others', exceptionText: null } as const;

interface Advice {
  readonly name: string;
  readonly state: 'ok' | 'note';
  readonly detail: string;
}

/** A source as one object. Its rules take `config.sources`. */
export interface Source extends Facts {
  readonly name: string;
  limits(sources: object): SourceLimits;
  /** Addresses of its API and pictures, for proxies and counts. May contain folders. */
  addresses(sources: object): readonly string[];
  /** The error before any work if a key or a consent is missing. */
  missing(sources: object): UsageError | null;
  advice(sources: object): Advice | null;
}

type Rows = Readonly<Record<string, Setting>>;
type ValuesOf<Own extends Rows> = { readonly [Name in keyof Own]: z.output<Own[Name]['schema']> };

interface Spec<Name, Key, IsSearched, Own extends Rows> extends Partial<Facts> {
  readonly name: Name;
  readonly title: string;
  readonly key: Key;
  /** True if it is searched with queries. Such a source is in `crawl/sources/searches.ts` too. */
  readonly isSearched: IsSearched;
  /** Its settings, named without `sources.<key>.`. */
  readonly settings: Own;
  readonly limits?: (own: ValuesOf<Own>) => Partial<SourceLimits>;
  readonly addresses?: (own: ValuesOf<Own>) => readonly (string | null)[];
  readonly missing?: (own: ValuesOf<Own>) => UsageError | null;
  readonly advice?: (own: ValuesOf<Own>) => Advice;
}

export interface Defined<Name, Key extends string, IsSearched, Own extends Rows> extends Source {
  readonly name: Name & string;
  readonly isSearched: IsSearched;
  readonly settings: { readonly [Row in keyof Own & string as `sources.${Key}.${Row}`]: Own[Row] };
}

export function defineSource<
  const Name extends string,
  const Key extends string,
  const IsSearched extends boolean,
  Own extends Rows,
>(spec: Spec<Name, Key, IsSearched, Own>): Defined<Name, Key, IsSearched, Own>;
export function defineSource(spec: Spec<string, string, boolean, Rows>): Defined<string, string, boolean, Rows> {
  const { name, title, key, isSearched, settings, limits, addresses, missing, advice, ...facts } = spec;
  type Sources = Readonly<Record<string, ValuesOf<Rows>>>;
  const own = (sources: Sources): ValuesOf<Rows> => sources[key] ?? {};
  return {
    ...DEFAULTS,
    ...facts,
    name,
    title,
    isSearched,
    settings: Object.fromEntries(Object.entries(settings).map(([row, value]) => [`sources.${key}.${row}`, value])),
    limits: (sources: Sources) => ({ ...NO_LIMITS, ...limits?.(own(sources)) }),
    addresses: (sources: Sources) => addresses?.(own(sources)).filter((address) => address !== null) ?? [],
    missing: (sources: Sources) => missing?.(own(sources)) ?? null,
    advice: (sources: Sources) => advice?.(own(sources)) ?? null,
  };
}
