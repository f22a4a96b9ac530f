import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Clock } from '../../kernel/clock.ts';
import { createAddressGuard, type AddressGuard } from './address-guard.ts';
import { guardAgent, resolveBySystem, type ResolveHost } from './guarded-agents.ts';
import { createProxies, type ProxySettings, requestThrough, TunnelAgent } from './proxy.ts';

export interface HttpClientOptions {
  readonly userAgent: string;
  readonly connectionsPerHost: number;
  /** See `createAddressGuard`. Each list needs a client of its own, because a client shares its connections. */
  readonly allowAddresses: readonly string[];
  readonly clock: Clock;
  readonly proxies?: ProxySettings | undefined;
  /** A certificate (PEM) to trust in addition to those that come with Node. */
  readonly trustedCertificate?: string | undefined;
  readonly resolve?: ResolveHost | undefined;
}

/** Keeps connections to public addresses open between requests. Make requests with `download` and `requestText`. */
export interface HttpClient {
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly slots: HostSlots;
  /** Creates one GET request, which the caller must end. It does not follow redirects, wait or retry: the caller does. */
  send(url: URL, headers: Readonly<Record<string, string>>): ClientRequest;
  close(): void;
}

/** Less than servers keep idle connections (Node 5 s, nginx 75 s), so that a request seldom meets a closed one. */
const IDLE_TIMEOUT_MS = 4_000;

/** Addresses behind a proxy are not checked: the user named it. @throws UsageError for a bad allow list or proxy */
export function openHttpClient(options: HttpClientOptions): HttpClient {
  const guard = createAddressGuard(options.allowAddresses);
  const { forHttps, forHttp, isException } = createProxies(options.proxies ?? NO_PROXIES);
  const keepAlive = keepAliveOf(options);
  const [plain, secure] = [new http.Agent(keepAlive), new https.Agent(keepAlive)];
  for (const agent of [plain, secure]) guardAgent(agent, { guard, resolve: options.resolve ?? resolveBySystem });
  const tunnel = forHttps === null ? secure : new TunnelAgent(forHttps, keepAlive);
  const toProxy = forHttp?.protocol === 'https:' ? new https.Agent(keepAlive) : new http.Agent(keepAlive);
  return {
    guard,
    clock: options.clock,
    slots: new HostSlots(options.connectionsPerHost),
    send(url, given) {
      const headers = { 'user-agent': options.userAgent, ...given };
      const isDirect = isException(url);
      if (url.protocol === 'https:') {
        // Certificates are checked even if NODE_TLS_REJECT_UNAUTHORIZED says not to.
        return https.request(url, { headers, agent: isDirect ? secure : tunnel, rejectUnauthorized: true });
      }
      if (forHttp === null || isDirect) return http.request(url, { headers, agent: plain });
      return requestThrough(forHttp, url, { headers, agent: toProxy });
    },
    close() {
      for (const agent of [plain, secure, tunnel, toProxy]) agent.destroy();
    },
  };
}

const NO_PROXIES: ProxySettings = { httpsProxy: null, httpProxy: null, noProxy: null };

function keepAliveOf({ connectionsPerHost, trustedCertificate }: HttpClientOptions): https.AgentOptions {
  return {
    keepAlive: true,
    timeout: IDLE_TIMEOUT_MS,
    maxFreeSockets: connectionsPerHost,
    ...(trustedCertificate === undefined ? {} : { ca: [...rootCertificates, trustedCertificate] }),
  };
}

interface Host {
  active: number;
  readonly waiting: (() => void)[];
}

/**
 * Limits the concurrent requests to one host. The agent's `maxSockets` cannot do this: a request that waits there has its permit,
 * and its timers run.
 */
export class HostSlots {
  readonly #slotsPerHost: number;
  /** Contains only busy hosts, so that it stays small over a crawl of many hosts. */
  readonly #hosts = new Map<string, Host>();

  constructor(slotsPerHost: number) {
    this.#slotsPerHost = slotsPerHost;
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const host = this.#hosts.get(key) ?? { active: 0, waiting: [] };
    this.#hosts.set(key, host);
    if (host.active >= this.#slotsPerHost) await new Promise<void>((wake) => host.waiting.push(wake));
    else host.active += 1;
    try {
      return await work();
    } finally {
      const next = host.waiting.shift();
      // The slot passes directly to the next caller, so that no other caller can overtake it.
      if (next !== undefined) next();
      else host.active -= 1;
      if (host.active === 0) this.#hosts.delete(key);
    }
  }
}
