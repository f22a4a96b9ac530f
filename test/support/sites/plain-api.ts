import type { SourceApi } from '../../../src/crawl/sources/network-source.ts';

/** Requests as a source makes them, sent at once: no permits, no guards. Redirects are followed. */
export function plainApi(userAgent = 'winnow-test/1.0', nowMs: () => number = Date.now): SourceApi {
  return {
    nowMs,
    async send({ url, headers = {} }) {
      const response = await fetch(url, { headers: { ...headers, 'user-agent': userAgent } });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
        url: response.url,
      };
    },
  };
}
