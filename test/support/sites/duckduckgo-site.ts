import { createHash } from 'node:crypto';
import { startLocalServer, type LocalAnswer, type LocalRequest } from './local-server.ts';

interface DuckduckgoSiteOptions {
  /** All results of any phrase, in order. */
  readonly results: readonly Readonly<Record<string, unknown>>[];
  /** DuckDuckGo's pages have 100 results. */
  readonly perPage: number;
}

/** The answer to a client that is blocked. */
const BLOCK: LocalAnswer = { status: 302, headers: { location: '/418.htm' }, body: '' };

/**
 * A local DuckDuckGo: the search page that gives a token for a query and a User-Agent, and the results that come with it.
 * A request with a token of another query or User-Agent gets 403, as does one without a Referer. It blocks the
 * client after the first `blockAfter` answers.
 */
export async function startDuckduckgoSite(options: DuckduckgoSiteOptions) {
  const site = { blockAfter: Number.POSITIVE_INFINITY };
  let answered = 0;
  const server = await startLocalServer((request) => {
    if (request.url.pathname === '/418.htm') return { status: 200, body: '<html><h1>I am a teapot</h1></html>' };
    if (answered >= site.blockAfter) return BLOCK;
    answered += 1;
    return answerOf(request, options);
  });
  return Object.assign(site, server);
}

function answerOf({ url, headers }: LocalRequest, { results, perPage }: DuckduckgoSiteOptions): LocalAnswer {
  const phrase = url.searchParams.get('q') ?? '';
  const hash = createHash('sha256').update(`${phrase} ${headers['user-agent']}`).digest('hex');
  const token = `4-${String(BigInt(`0x${hash.slice(0, 32)}`)).padStart(39, '1')}`;
  if (url.pathname === '/')
    return { status: 200, body: `<html><title>${phrase} at DuckDuckGo</title><script>vqd="${token}";</script></html>` };
  if (url.pathname !== '/i.js') return { status: 404, body: '' };
  if (headers['referer'] === undefined || url.searchParams.get('vqd') !== token) return { status: 403, body: '' };
  const offset = Number(url.searchParams.get('s') ?? 0);
  const next = `i.js?q=${encodeURIComponent(phrase)}&o=json&s=${offset + perPage}&u=bing&f=,,,,,`;
  const answer = { ads: null, next, query: phrase, results: results.slice(offset, offset + perPage) };
  return { status: 200, headers: { 'content-type': 'application/x-javascript' }, body: JSON.stringify(answer) };
}

/** Results with pictures on a host, as the site gives them today. */
export function duckduckgoResults(count: number, imageUrl: (index: number) => string): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    height: 900,
    width: 1200,
    image: imageUrl(i),
    source: 'Bing',
    thumbnail: `https://tse1.mm.bing.net/th?id=OIP.${i}&pid=Api`,
    title: `Picture ${i}`,
    url: `https://pages.example/${i}`,
  }));
}
