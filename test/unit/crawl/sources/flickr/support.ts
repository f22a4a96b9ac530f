import { readFileSync } from 'node:fs';
import path from 'node:path';
import type {
  ApiRequest,
  ApiResponse,
  PlannedQuery,
  SourceApi,
} from '../../../../../src/crawl/sources/network-source.ts';
import { flickrSource, type FlickrSettings } from '../../../../../src/crawl/sources/flickr/flickr.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';

export const RECORDINGS = path.join(repositoryRoot, 'test/fixtures/recordings/flickr');

export function recording(name: string): string {
  return readFileSync(path.join(RECORDINGS, name), 'utf8');
}

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export const SETTINGS: FlickrSettings = {
  url: 'https://api.flickr.com/services/rest/',
  apiKey: '0123456789abcdef0123456789abcdef',
  mediaUrl: null,
  maxSidePixels: 1024,
  licences: 'any',
};

export function answer(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  return { status, headers, body, url: SETTINGS.url };
}

export interface ScriptedApi extends SourceApi {
  readonly requests: readonly ApiRequest[];
}

/** Returns these answers in turn. */
export function scripted(...answers: readonly ApiResponse[]): ScriptedApi {
  const requests: ApiRequest[] = [];
  return {
    requests,
    nowMs: () => NOW_MS,
    send(request) {
      const next = answers[requests.length];
      requests.push(request);
      return next === undefined ? Promise.reject(new Error('Expected no further request')) : Promise.resolve(next);
    },
  };
}

/** The query for one search of a class. */
export async function queryFor(
  search: { readonly text?: string; readonly tags?: readonly string[] },
  settings: FlickrSettings = SETTINGS,
): Promise<PlannedQuery> {
  const wanted = { wnid: 'n01498041', name: 'stingray', scientificName: null, entry: [search] };
  const { queries } = await flickrSource(settings).plan(wanted, scripted());
  const [query] = queries;
  if (query === undefined) throw new Error('Expected a query to be planned');
  return query;
}

/** Results as photos.search returns them. */
export function results(photo: readonly unknown[], fields: Readonly<Record<string, unknown>> = {}): ApiResponse {
  const photos = { page: 1, pages: 1, perpage: 500, total: photo.length, photo, ...fields };
  return answer(JSON.stringify({ photos, stat: 'ok' }));
}
