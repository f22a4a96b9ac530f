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
  /** Requests at once to one host:port. */
  readonly connectionsPerHost: number;
  /** host:port exceptions of the address guard; see `createAddressGuard`. One client for each list: connections are shared within it. */
  readonly allowAddresses: readonly string[];
  readonly clock: Clock;
  readonly proxies?: ProxySettings | undefined;
  /** A certificate (PEM) to trust besides those that come with Node. */
  readonly trustedCertificate?: string | undefined;
  /** How names become addresses; the system's resolver by default. */
  readonly resolve?: ResolveHost | undefined;
}

/** Connections to anywhere that is public, kept open between requests. Requests are made with `download` and `requestText`. */
export interface HttpClient {
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly slots: HostSlots;
  /** Opens one GET, which the caller ends. It follows nothing, waits for nothing and retries nothing: the caller decides that. */
  send(url: URL, headers: SentHeaders): ClientRequest;
  /** Closes all connections. Requests under way fail. */
  close(): void;
}

type SentHeaders = Readonly<Record<string, string>>;

/**
 * Idle connections are closed after this, in milliseconds: before most servers do (Node's own after 5 s, nginx after
 * 75 s), so that a request seldom meets a connection that has just gone, and few are open in a crawl of many hosts.
 */
const IDLE_TIMEOUT_MS = 4_000;

/** @throws UsageError for an allow list or a proxy that cannot be understood */
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

/** Makes a GET request, to be ended by the caller: which way it goes. */
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

/** Certificates are checked whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
function secureRoute(agent: https.Agent): Route {
  return (url, headers) => https.request(url, { headers, agent, rejectUnauthorized: true });
}

/** A proxy's own address is not checked: the user named it. Neither are those behind it: the proxy resolves names. */
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

/** For agents of both schemes. */
function keepAliveOf({ connectionsPerHost, trustedCertificate }: HttpClientOptions): https.AgentOptions {
  return {
    keepAlive: true,
    timeout: IDLE_TIMEOUT_MS,
    maxFreeSockets: connectionsPerHost,
    ...(trustedCertificate === undefined ? {} : { ca: [...rootCertificates, trustedCertificate] }),
  };
}
