import { readFileSync } from 'node:fs';
import path from 'node:path';
import { duckduckgoSource, type DuckduckgoSettings } from '../../../../../src/crawl/sources/duckduckgo/duckduckgo.ts';
import type { ApiRequest, ApiResponse, Json, SourceApi } from '../../../../../src/crawl/sources/network-source.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';

export const RECORDINGS = path.join(repositoryRoot, 'test/fixtures/recordings/duckduckgo');

export function recording(name: string): string {
  return readFileSync(path.join(RECORDINGS, name), 'utf8');
}

export const SETTINGS: DuckduckgoSettings = {
  url: 'https://duckduckgo.com',
  maxPages: 5,
  safeSearch: true,
  region: 'wt-wt',
  userAgent: 'winnow-test/1.0',
};

export const SEARCH_PAGE =
  '<html><title>x at DuckDuckGo</title><script>vqd="4-123456789012345678901234567890";</script></html>';

export interface ScriptedApi extends SourceApi {
  readonly requests: readonly ApiRequest[];
}

type Script = string | { readonly status?: number; readonly body?: string; readonly url?: string };

/** Returns these answers in turn. Each comes from the requested address unless another one is given. */
function scripted(...answers: readonly Script[]): ScriptedApi {
  const requests: ApiRequest[] = [];
  return {
    requests,
    nowMs: () => Date.UTC(2026, 0, 2),
    send(request) {
      const next = answers[requests.length];
      requests.push(request);
      if (next === undefined) return Promise.reject(new Error('Expected no further request'));
      const { status = 200, body = '', url = request.url } = typeof next === 'string' ? { body: next } : next;
      const response: ApiResponse = { status, headers: {}, body, url };
      return Promise.resolve(response);
    },
  };
}

export function plan(entry: Json | undefined, settings: DuckduckgoSettings = SETTINGS, name = 'stingray') {
  const wanted = { wnid: 'n01498041', name, scientificName: null, entry };
  return duckduckgoSource(settings).plan(wanted, scripted());
}

/** Fetches the first page of a search, with these answers to its requests. */
export async function firstPage(...answers: readonly Script[]) {
  const api = scripted(...answers);
  const [query] = (await plan(['stingray'])).queries;
  if (query === undefined) throw new Error('Expected a query to be planned');
  return { page: await duckduckgoSource(SETTINGS).nextPage(query, null, api), requests: api.requests };
}

/** The body of a page of results with these fields. */
export async function photosOf(results: readonly unknown[]) {
  return (await firstPage(SEARCH_PAGE, JSON.stringify({ results }))).page.photos;
}
