import type { Wnid } from '../kernel/ids.ts';
import type { FoundPhoto } from './source.ts';

/**
 * The contract of a source that is asked over the network: queries are planned once a class, then walked page by page
 * with a cursor that is stored in the same transaction as the page's candidates. A source keeps no state of its own:
 * everything it needs to go on after a crash is in the query and the cursor.
 */
export interface NetworkSource {
  /** As in `SOURCE_NAMES`. */
  readonly name: string;
  /** What to ask for, for one class. May send requests (to resolve a name); the answer is stored and not asked for again. */
  plan(wanted: WantedClass, api: SourceApi): Promise<PlanResult>;
  /** Fetches one page: exactly one request where the site allows it. */
  nextPage(query: PlannedQuery, cursor: Json | null, api: SourceApi): Promise<Page>;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A class, and what the collection's queries file says to ask for. */
export interface WantedClass {
  readonly wnid: Wnid;
  readonly name: string;
  /** ImageNet's guess at a scientific name, or null; often out of date. */
  readonly scientificName: string | null;
  /** This source's part of the class's line in the queries file; undefined if the class has no line. */
  readonly entry: Json | undefined;
}

export interface PlanResult {
  readonly queries: readonly PlannedQuery[];
  /** What could not be turned into a query (an unresolved or ambiguous name), as sentences; the others go on. */
  readonly problems: readonly string[];
  /** What the user should know: the class has no line and is searched by name, the source has no such thing. */
  readonly notes: readonly string[];
}

/** One search, in a form that can be stored, sent again and shown to people. */
export interface PlannedQuery {
  /** Stable and unique within (source, class): planning again finds the same query, and its cursor. */
  readonly key: string;
  /** For people: `Anisoptera (infraorder, taxon 47793) without Zygoptera`. */
  readonly title: string;
  /** Whatever the source needs to send it. */
  readonly params: Json;
}

export interface Page {
  /** With problems where the source itself shows that a photo is not wanted or not to be had. `label` is the class's wnid. */
  readonly photos: readonly FoundPhoto[];
  /** Null once the query is exhausted. */
  readonly next: Json | null;
  /** How many results the site says there are in all, if it does. */
  readonly total: number | null;
}

export interface ApiRequest {
  /** Absolute, with its query; may hold a key, which is redacted wherever it is shown. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded text, bounded. */
  readonly body: string;
  /** After redirects. */
  readonly url: string;
}

/**
 * Polite requests to one source's own endpoint: takes a permit (requests a minute and a day, shared by all workers),
 * sends the User-Agent, checks addresses, bounds time and size. Answers of any status are returned: only the source knows
 * what they mean. Rejects with RetryLater when no answer came.
 */
export interface SourceApi {
  send(request: ApiRequest): Promise<ApiResponse>;
  /** Milliseconds since the epoch, through the clock port. */
  nowMs(): number;
}
