import { createHash } from 'node:crypto';
import { startLocalServer, type LocalAnswer, type LocalRequest, type LoggedRequest } from './local-server.ts';

export interface DuckduckgoSiteOptions {
  /** Everything there is for a phrase, in order. */
  readonly results: (phrase: string) => readonly Readonly<Record<string, unknown>>[];
  /** Results a page. DuckDuckGo's is 100. */
  readonly perPage?: number;
  /** Milliseconds that the address stays blocked after a wrong token. Default: an hour. */
  readonly blockMs?: number;
  /** The site's clock. */
  readonly nowMs?: () => number;
}

/** The search page: the form of its token, or its fault. */
export type TokenPage = 'quotes' | 'apostrophes' | 'address' | 'without' | 'odd-token' | 'other-page' | 'empty';

/** Answers of a block. The site itself sends `wrong-token` and `no-referer` for wrong requests. */
export const DUCKDUCKGO_BLOCKS = {
  'status-202': {
    status: 202,
    body: '<html><div class="anomaly-modal__title">Unfortunately, bots use DuckDuckGo too.</div></html>',
  },
  'status-301': { status: 301, body: '' },
  'status-400': { status: 400, body: '<html><h1>400 Bad Request</h1></html>' },
  'status-403': { status: 403, body: 'If this error persists, please let us know: ops@duckduckgo.com' },
  'status-418': { status: 418, body: '' },
  'status-429': { status: 429, headers: { 'retry-after': '120' }, body: '' },
  'redirect-418': { status: 302, headers: { location: '/418.htm' }, body: '' },
  'anomaly-page': {
    status: 200,
    body: '<html><form id="challenge-form" action="//duckduckgo.com/anomaly.js?sv=html"><div class="anomaly-modal__mask"></div></form></html>',
  },
  'anomaly-script': { status: 200, body: "DDG.deep.anomalyDetectionBlock({gk:'d4cd',q:'x',iadb:1,sc:1,e:0})" },
} as const satisfies Record<string, LocalAnswer>;

export type DuckduckgoBlock = keyof typeof DUCKDUCKGO_BLOCKS;

export interface DuckduckgoSite {
  /** For `sources.duckduckgo.url`. */
  readonly url: string;
  readonly log: readonly LoggedRequest[];
  tokenPage: TokenPage;
  /** Sent for search pages and results from now on, or for one of the two; null: none. */
  block: DuckduckgoBlock | null;
  blockedPages: 'search' | 'results' | 'both';
  /** Search pages and results answered before the block starts. */
  blockAfter: number;
  /** Sent instead of the next answers, in turn. */
  readonly faults: LocalAnswer[];
  /** Expires every token given so far. A request with an expired token is not blocked for it. */
  expireTokens(): void;
  close(): Promise<void>;
}

/**
 * A local DuckDuckGo: the search page that gives a token for a query and a User-Agent, and the results that come with it.
 * A client that sends a token of another query or User-Agent is blocked for a while. A request without a Referer gets 403.
 */
export async function startDuckduckgoSite(options: DuckduckgoSiteOptions): Promise<DuckduckgoSite> {
  const answers = new ImageSite(options);
  return Object.assign(answers, await startLocalServer((request) => answers.answer(request)));
}

class ImageSite {
  tokenPage: TokenPage = 'quotes';
  block: DuckduckgoBlock | null = null;
  blockedPages: 'search' | 'results' | 'both' = 'both';
  blockAfter = 0;
  readonly faults: LocalAnswer[] = [];
  readonly #options: DuckduckgoSiteOptions;
  #epoch = 0;
  #blockedUntilMs = 0;
  #answered = 0;

  constructor(options: DuckduckgoSiteOptions) {
    this.#options = options;
  }

  expireTokens(): void {
    this.#epoch += 1;
  }

  answer({ url, headers }: LocalRequest): LocalAnswer {
    if (url.pathname === '/418.htm') return { status: 200, body: '<html><h1>I am a teapot</h1></html>' };
    const page = url.pathname === '/' ? 'search' : url.pathname === '/i.js' ? 'results' : null;
    if (page === null) return { status: 404, body: '' };
    const refusal = this.faults.shift() ?? this.#refusal(page);
    if (refusal !== null) return refusal;
    this.#answered += 1;
    const query = url.searchParams.get('q') ?? '';
    const agent = headers['user-agent'] ?? '';
    return page === 'search' ? this.#searchPage(query, agent) : this.#results(url.searchParams, { agent, headers });
  }

  #refusal(page: 'search' | 'results'): LocalAnswer | null {
    if (this.#nowMs() < this.#blockedUntilMs) return DUCKDUCKGO_BLOCKS['status-403'];
    const isMeant = this.blockedPages === 'both' || this.blockedPages === page;
    return this.block === null || !isMeant || this.#answered < this.blockAfter ? null : DUCKDUCKGO_BLOCKS[this.block];
  }

  #searchPage(query: string, agent: string): LocalAnswer {
    if (/^[!\\]|\s!\w/.test(query)) return { status: 302, headers: { location: '/bang' }, body: '' };
    const token = this.#tokenFor(query, agent, this.#epoch);
    const places: Readonly<Record<TokenPage, string>> = {
      quotes: `<script>vqd="${token}";</script>`,
      apostrophes: `<script>iar='images';vqd='${token}';safe_ddg=0;</script>`,
      address: `<script>nrj('/d.js?q=x&vqd=${token}&p_ent=');</script>`,
      without: '<script>safe_ddg=0;</script>',
      'odd-token': '<script>vqd="undefined";</script>',
      'other-page': '',
      empty: '',
    };
    const title = this.tokenPage === 'other-page' ? 'Down for maintenance' : `${escapeHtml(query)} at DuckDuckGo`;
    const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body>${places[this.tokenPage]}</body></html>`;
    return {
      status: 200,
      headers: { 'content-type': 'text/html; charset=UTF-8' },
      body: this.tokenPage === 'empty' ? '' : body,
    };
  }

  #results(
    query: URLSearchParams,
    { agent, headers }: { agent: string; headers: LocalRequest['headers'] },
  ): LocalAnswer {
    if (headers['referer'] === undefined) return DUCKDUCKGO_BLOCKS['status-403'];
    const phrase = query.get('q') ?? '';
    const token = query.get('vqd') ?? '';
    if (token !== this.#tokenFor(phrase, agent, this.#epoch)) {
      const wasGood = Array.from({ length: this.#epoch }, (_, epoch) => this.#tokenFor(phrase, agent, epoch)).includes(
        token,
      );
      if (!wasGood) this.#blockedUntilMs = this.#nowMs() + (this.#options.blockMs ?? 3_600_000);
      return DUCKDUCKGO_BLOCKS['status-403'];
    }
    const perPage = this.#options.perPage ?? 100;
    const offset = Number(query.get('s') ?? 0);
    const results = this.#options.results(phrase).slice(offset, offset + perPage);
    const next = `i.js?q=${encodeURIComponent(phrase)}&o=json&p=${query.get('p')}&s=${offset + perPage}&u=bing&f=,,,,,&l=${query.get('l')}`;
    const answer = {
      ads: null,
      next,
      query: phrase,
      queryEncoded: encodeURIComponent(phrase),
      response_type: 'places',
      results,
      vqd: { [phrase]: token },
    };
    return { status: 200, headers: { 'content-type': 'application/x-javascript' }, body: JSON.stringify(answer) };
  }

  #tokenFor(query: string, agent: string, epoch: number): string {
    const hash = createHash('sha256')
      .update(JSON.stringify([query, agent, epoch]))
      .digest('hex');
    return `4-${BigInt(`0x${hash.slice(0, 32)}`)
      .toString()
      .padStart(39, '1')}`;
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** Results with pictures on a host, as the site gives them today. */
export function duckduckgoResults(count: number, imageUrl: (index: number) => string): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    height: 900,
    width: 1200,
    image: imageUrl(i),
    image_token: 'd'.repeat(64),
    source: 'Bing',
    thumbnail: `https://tse1.mm.bing.net/th?id=OIP.${i}&pid=Api`,
    thumbnail_token: 'e'.repeat(64),
    title: `Picture ${i}`,
    url: `https://pages.example/${i}`,
  }));
}
