import type { SourceModule } from '../../collection/source-module.ts';
import type { SourceLimits } from '../../config/sources/source.ts';
import type { Wnid } from '../../kernel/ids.ts';
import type { FoundPhoto } from './source.ts';

/**
 * Queries are planned once for each class, and then walked page by page with a cursor, which is stored in the same transaction
 * as the page's candidates. A source has no state: the query and the cursor suffice to resume after a crash.
 */
export interface NetworkSource {
  /** The name in `SOURCE_NAMES`. */
  readonly name: string;
  /** The key that its requests contain, if the site wants one. */
  readonly apiKey?: string;
  /** Plans the queries of one class. It may send requests (to resolve a name). The plan is stored and not made again. */
  plan(wanted: WantedClass, api: SourceApi): Promise<PlanResult>;
  /** Sends exactly one request, if the site allows it. */
  nextPage(query: PlannedQuery, cursor: Json | null, api: SourceApi): Promise<ResultPage>;
}

/** A source with the settings that it needs. */
export interface ReadySource {
  readonly source: NetworkSource;
  /** host:port of its endpoints in the settings. Requests to these may go to a private address. */
  readonly endpoints: readonly [string, ...string[]];
  /** The file, if it is one of the user's own. Its requests obey robots.txt, too, as those for pictures do. */
  readonly own?: SourceModule & { readonly limits: SourceLimits };
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface WantedClass {
  readonly wnid: Wnid;
  readonly name: string;
  /** The scientific name in ImageNet's metadata, which is often out of date, or null. */
  readonly scientificName: string | null;
  /** This source's part of the class's line in the queries file; undefined if the class has no line. */
  readonly entry: Json | undefined;
}

export interface PlanResult {
  readonly queries: readonly PlannedQuery[];
  /** Sentences about entries that gave no query (an unresolved or ambiguous name). The other entries are used. */
  readonly problems: readonly string[];
  /** Notes for the user: the class has no line and is searched by name, or the source has no such thing. */
  readonly notes: readonly string[];
}

export interface PlannedQuery {
  /** Stable and unique within (source, class), so that planning again finds the same query and its cursor. */
  readonly key: string;
  readonly title: string;
  readonly params: Json;
  /** The first day of upload to ask for, if the source can. Null or absent: any. */
  readonly since?: string | null;
}

export interface ResultPage {
  /** The photos of the page. A photo has a problem if the source shows that it is withheld or absent. `label` is the class's wnid. */
  readonly photos: readonly FoundPhoto[];
  /** Null once the query is exhausted. */
  readonly next: Json | null;
  /** Where an exhausted query goes on if it is made again. Optional; defaults to its beginning. */
  readonly resume?: Json;
  readonly total: number | null;
}

export interface ApiRequest {
  /** Absolute URL with its query. It may contain a key, which is redacted wherever the URL is shown. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly url: string;
}

/**
 * Each request takes a permit first, which all workers share. Returns answers of any status, because only the source knows
 * their meaning. Rejects with RetryLater if no answer came.
 */
export interface SourceApi {
  send(request: ApiRequest): Promise<ApiResponse>;
  nowMs(): number;
}
