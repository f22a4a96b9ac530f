import http from 'node:http';
import https from 'node:https';
import { rootCertificates } from 'node:tls';
import { got, type Got, type OptionsInit, type Request } from 'got';
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
  /** Sends one GET and follows nothing, waits for nothing, retries nothing. */
  send(
    url: URL,
    options: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
  ): Request;
  /** Closes all connections. Requests under way fail. */
  close(): void;
}

/**
 * Idle connections are closed after this, in milliseconds: before most servers do (Node's own after 5 s, nginx after
 * 75 s), so that a request seldom meets a connection that has just gone, and few are open in a crawl of many hosts.
 */
const IDLE_TIMEOUT_MS = 4_000;

/** @throws UsageError for an allow list or a proxy that cannot be understood */
export function openHttpClient(options: HttpClientOptions): HttpClient {
  const guard = createAddressGuard(options.allowAddresses);
  const direct = directRoute(guard, options);
  const proxied = proxiedRoutes(options);
  const send = configuredGot(options.userAgent);
  return {
    guard,
    clock: options.clock,
    slots: new HostSlots(options.connectionsPerHost),
    send: (url, { headers, signal }) =>
      send.stream(url, { headers, signal, ...(proxied.routeFor(url) ?? direct.route) }),
    close() {
      for (const agent of [...direct.agents, ...proxied.agents]) agent.destroy();
    },
  };
}

/** got with all of its own cleverness off: redirects, retries, decompression and time limits are decided above it. */
function configuredGot(userAgent: string): Got {
  return got.extend({
    headers: { 'user-agent': userAgent },
    followRedirect: false,
    retry: { limit: 0 },
    decompress: false,
    throwHttpErrors: false,
    https: { rejectUnauthorized: true },
  });
}

/** The part of got's options that says which way a request goes. */
type Route = Pick<OptionsInit, 'agent' | 'request'>;

function directRoute(guard: AddressGuard, options: HttpClientOptions): { route: Route; agents: readonly http.Agent[] } {
  const passage = { guard, resolve: options.resolve ?? resolveBySystem };
  const plain = new GuardedHttpAgent(passage, keepAliveOf(options));
  const secure = new GuardedHttpsAgent(passage, keepAliveOf(options));
  return { route: { agent: { http: plain, https: secure } }, agents: [plain, secure] };
}

/** A proxy's own address is not checked: the user named it. Neither are those behind it: the proxy resolves names. */
function proxiedRoutes(options: HttpClientOptions): {
  routeFor(url: URL): Route | null;
  readonly agents: readonly http.Agent[];
} {
  const { forHttps, forHttp, isException } = createProxies(options.proxies ?? NO_PROXIES);
  const keepAlive = keepAliveOf(options);
  const tunnel = forHttps === null ? null : new TunnelAgent(forHttps, keepAlive);
  const plain = forHttp?.protocol === 'https:' ? new https.Agent(keepAlive) : new http.Agent(keepAlive);
  const forHttpsUrls: Route | null = tunnel === null ? null : { agent: { https: tunnel } };
  const forHttpUrls: Route | null = forHttp === null ? null : { request: requestThrough(forHttp, plain) };
  return {
    routeFor: (url) => (isException(url) ? null : url.protocol === 'https:' ? forHttpsUrls : forHttpUrls),
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
