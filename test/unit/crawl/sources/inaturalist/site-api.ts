import type { ApiRequest, ApiResponse, SourceApi } from '../../../../../src/crawl/sources/network-source.ts';

/** Sends requests directly, without politeness. */
export function plainApi(): SourceApi {
  return {
    nowMs: () => Date.now(),
    async send({ url, headers = {} }) {
      const response = await fetch(url, { headers });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
        url: response.url,
      };
    },
  };
}

/** Answers from a function, and records the requests. */
export function cannedApi(answer: (url: URL) => Partial<ApiResponse>): SourceApi & { readonly asked: ApiRequest[] } {
  const asked: ApiRequest[] = [];
  return {
    asked,
    nowMs: () => Date.parse('2026-03-01T12:00:00Z'),
    send(request) {
      asked.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: '', url: request.url, ...answer(new URL(request.url)) });
    },
  };
}
