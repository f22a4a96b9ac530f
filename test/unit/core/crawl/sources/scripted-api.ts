import { WinnowError } from '../../../../../src/core/kernel/errors.ts';
import type {
  ApiRequest,
  ApiResponse,
  Json,
  NetworkSource,
  ResultPage,
  PlannedQuery,
  PlanResult,
  SourceApi,
} from '../../../../../src/core/crawl/sources/network-source.ts';

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A body, or an answer that is HTTP 200 from the requested address unless it says otherwise. */
export type Script = string | Partial<ApiResponse>;

export interface ScriptedApi extends SourceApi {
  readonly requests: readonly ApiRequest[];
}

export function scripted(answers: readonly Script[], nowMs = NOW_MS): ScriptedApi {
  const requests: ApiRequest[] = [];
  return {
    requests,
    nowMs: () => nowMs,
    send(request) {
      const next = answers[requests.length];
      requests.push(request);
      if (next === undefined) return Promise.reject(new Error(`Expected no request for ${request.url}`));
      const answer = typeof next === 'string' ? { body: next } : next;
      return Promise.resolve({ status: 200, headers: {}, body: '', url: request.url, ...answer });
    },
  };
}

/** Plans the class stingray by its line in the queries file. */
export function planOf(source: NetworkSource, entry: Json | undefined): Promise<PlanResult> {
  const wanted = { wnid: 'n01498041', name: 'stingray', scientificName: 'Dasyatidae', entry };
  return source.plan(wanted, scripted([]));
}

export async function queryOf(source: NetworkSource, entry: Json): Promise<PlannedQuery> {
  const [query] = (await planOf(source, entry)).queries;
  if (query === undefined) throw new Error('Expected a query to be planned');
  return query;
}

/** Returns the number of photos of a page, or the name and code of the error. */
export async function outcomeOf(page: Promise<ResultPage>): Promise<string> {
  try {
    return `${(await page).photos.length} photos`;
  } catch (error) {
    if (error instanceof WinnowError) return `${error.name} ${error.code}`;
    throw error;
  }
}
