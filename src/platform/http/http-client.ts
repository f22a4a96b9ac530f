import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Clock } from '../../kernel/clock.ts';
import { createAddressGuard, type AddressGuard } from './address-guard.ts';
import { GuardedHttpAgent, GuardedHttpsAgent, resolveBySystem, type ResolveHost } from './guarded-agents.ts';
import { HostSlots } from './host-slots.ts';
import { createProxies, type ProxySettings } from './proxy.ts';
import { requestThrough, TunnelAgent } from './proxy-agents.ts';

export interface HttpClientOptions {
  /** Sent with every request. */
  readonly userAgent: string;
  /** The maximum of concurrent requests to one host:port. */
  readonly connectionsPerHost: number;
  /**
   * host:port exceptions of the address guard; see `createAddressGuard`. Each list needs a client of its own, because a
   * client shares its connections.
   */
  readonly allowAddresses: readonly string[];
  readonly clock: Clock;
  readonly proxies?: ProxySettings | undefined;
  /** A certificate (PEM) to trust in addition to those that come with Node. */
  readonly trustedCertificate?: string | undefined;
  /** How names are resolved. The default is the system's resolver. */
  readonly resolve?: ResolveHost | undefined;
}

/** Keeps connections to public addresses open between requests. Make requests with `download` and `requestText`. */
export interface HttpClient {
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly slots: HostSlots;
  /** Creates one GET request, which the caller must end. It does not follow redirects, wait or retry: the caller does. */
  send(url: URL, headers: SentHeaders): ClientRequest;
  /** Closes all connections. Requests in flight fail. */
  close(): void;
}

type SentHeaders = Readonly<Record<string, string>>;

/**
 * Milliseconds after which idle connections are closed. Most servers keep them longer (Node's own 5 s, nginx 75 s), so a
 * request seldom meets a connection that was just closed. Few connections stay open in a crawl of many hosts.
 */
const IDLE_TIMEOUT_MS = 4_000;

/** @throws UsageError for an invalid allow list or proxy */
export function openHttpClient(options: HttpClientOptions): HttpClient {
  const guard = createAddressGuard(options.allowAddresses);
  const direct = directRoutes(guard, options);
  const proxied = proxiedRoutes(options);
  return {
    guard,
    clock: options.clock,
    slots: new HostSlots(options.connectionsPerHost),
    send(url, headers) {
      const route = proxied.routeFor(url) ?? direct.routeFor(url);
      return route(url, { 'user-agent': options.userAgent, ...headers });
    },
    close() {
      for (const agent of [...direct.agents, ...proxied.agents]) agent.destroy();
    },
  };
}

/** Makes a GET request over one route (direct, or through a proxy). The caller must end it. */
type Route = (url: URL, headers: SentHeaders) => ClientRequest;

interface Routes<R> {
  readonly agents: readonly http.Agent[];
  readonly routeFor: (url: URL) => R;
}

function directRoutes(guard: AddressGuard, options: HttpClientOptions): Routes<Route> {
  const passage = { guard, resolve: options.resolve ?? resolveBySystem };
  const plain = new GuardedHttpAgent(passage, keepAliveOf(options));
  const secure = new GuardedHttpsAgent(passage, keepAliveOf(options));
  const byHttp: Route = (url, headers) => http.request(url, { headers, agent: plain });
  const byHttps = secureRoute(secure);
  return { agents: [plain, secure], routeFor: (url) => (url.protocol === 'https:' ? byHttps : byHttp) };
}

/** Always checks certificates, even if NODE_TLS_REJECT_UNAUTHORIZED says not to. */
function secureRoute(agent: https.Agent): Route {
  return (url, headers) => https.request(url, { headers, agent, rejectUnauthorized: true });
}

/**
 * The address of a proxy is not checked, because the user named it. The addresses behind it cannot be checked, because the
 * proxy resolves names.
 */
function proxiedRoutes(options: HttpClientOptions): Routes<Route | null> {
  const { forHttps, forHttp, isException } = createProxies(options.proxies ?? NO_PROXIES);
  const keepAlive = keepAliveOf(options);
  const tunnel = forHttps === null ? null : new TunnelAgent(forHttps, keepAlive);
  const plain = forHttp?.protocol === 'https:' ? new https.Agent(keepAlive) : new http.Agent(keepAlive);
  const byHttps = tunnel === null ? null : secureRoute(tunnel);
  const byHttp = forHttp === null ? null : requestThrough(forHttp, plain);
  return {
    routeFor: (url) => (isException(url) ? null : url.protocol === 'https:' ? byHttps : byHttp),
    agents: tunnel === null ? [plain] : [tunnel, plain],
  };
}

const NO_PROXIES: ProxySettings = { httpsProxy: null, httpProxy: null, noProxy: null };

/** Options for the agents of both schemes. */
function keepAliveOf({ connectionsPerHost, trustedCertificate }: HttpClientOptions): https.AgentOptions {
  return {
    keepAlive: true,
    timeout: IDLE_TIMEOUT_MS,
    maxFreeSockets: connectionsPerHost,
    ...(trustedCertificate === undefined ? {} : { ca: [...rootCertificates, trustedCertificate] }),
  };
}
