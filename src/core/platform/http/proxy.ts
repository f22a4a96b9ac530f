import http, { type ClientRequest } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { UsageError } from '../../kernel/errors.ts';
import { portOf } from './url.ts';
import { refuseConnection, type OnConnection } from './guarded-agents.ts';
import { Refused } from './http-outcome.ts';

/** Values of the environment variables with these names. Tools differ a little in how they read them. */
export interface ProxySettings {
  readonly httpsProxy: string | null;
  readonly httpProxy: string | null;
  /**
   * `NO_PROXY`: hosts that are reached directly, separated by commas or spaces. `example.com` and `.example.com` both mean
   * that host and all its subdomains. `:port` limits an entry to that port. `*` means every host. Networks (10.0.0.0/8) are
   * not supported.
   */
  readonly noProxy: string | null;
}

export interface Proxies {
  readonly forHttps: URL | null;
  readonly forHttp: URL | null;
  /** True if a URL is reached directly although its scheme has a proxy. */
  readonly isException: (url: URL) => boolean;
}

/** @throws UsageError for a proxy that is not an http or https URL */
export function createProxies({ httpsProxy, httpProxy, noProxy }: ProxySettings): Proxies {
  const exceptions = (noProxy ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  return {
    forHttps: parseProxy('HTTPS_PROXY', httpsProxy),
    forHttp: parseProxy('HTTP_PROXY', httpProxy),
    isException: (url) => exceptions.some((entry) => isMeant(entry, url)),
  };
}

function parseProxy(name: string, value: string | null): URL | null {
  if (value === null || value.trim() === '') return null;
  const text = value.trim();
  // curl also accepts `proxy.example:3128`, without a scheme.
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    // The value is not quoted, because it may contain a password.
    throw new UsageError(
      `Expected an http or https URL for ${name} in the environment but received ${url === null ? 'another text' : `a ${url.protocol} URL`}`,
      { code: 'proxy-url' },
    );
  }
  return url;
}

function isMeant(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const [, name = '', port] = /^(.*?)(?::(\d+))?$/.exec(isBareIpv6(entry) ? `[${entry}]` : entry) ?? [];
  if (port !== undefined && Number(port) !== portOf(url)) return false;
  const domain = name.toLowerCase().replace(/^\*?\./, '');
  return url.hostname === domain || url.hostname.endsWith(`.${domain}`);
}

function isBareIpv6(entry: string): boolean {
  return entry.split(':').length > 2 && !entry.startsWith('[');
}

/** `Proxy-Authorization` for the credentials in a proxy's URL. Empty if there are none. */
export function proxyAuthorization(proxy: URL): Readonly<Record<string, string>> {
  if (proxy.username === '' && proxy.password === '') return {};
  const credentials = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** Decodes the escapes of a URL. A lone `%` stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** How long a proxy may take to open a tunnel, in milliseconds. A request with less time left ends earlier. */
const TUNNEL_TIMEOUT_MS = 30_000;

/** `CONNECT host:port` (RFC 9110, 9.3.6), then TLS with the host in the tunnel. The proxy resolves names. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: RequestOptions, callback?: OnConnection): Duplex | null | undefined {
    const host = options.host ?? 'localhost';
    const authority = `${host.includes(':') ? `[${host}]` : host}:${options.port ?? 443}`;
    const connect = requestProxy(this.#proxy, {
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(this.#proxy) },
      agent: false,
      timeout: TUNNEL_TIMEOUT_MS,
    });
    connect.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        const inTunnel = { ...options, socket };
        const secured = super.createConnection(inTunnel);
        if (secured) callback?.(null, secured);
      } else {
        socket.destroy();
        refuseConnection(proxyRefused(`The proxy answered ${response.statusCode} to CONNECT ${authority}`), callback);
      }
    });
    connect.once('timeout', () => connect.destroy(proxyRefused('The proxy did not open a tunnel in time')));
    connect.once('error', (error) => refuseConnection(error, callback));
    connect.end();
    return undefined;
  }
}

/** Requests an http URL from a proxy. The request line contains the whole URL (RFC 9112, 3.2.2). */
export function requestThrough(
  proxy: URL,
  url: URL,
  { headers, agent }: { readonly headers: Readonly<Record<string, string>>; readonly agent: http.Agent },
): ClientRequest {
  const all = { ...headers, host: url.host, ...proxyAuthorization(proxy) };
  return requestProxy(proxy, { headers: all, path: url.href, agent });
}

function requestProxy(proxy: URL, options: RequestOptions): ClientRequest {
  const { request } = proxy.protocol === 'https:' ? https : http;
  const hostname = proxy.hostname.startsWith('[') ? proxy.hostname.slice(1, -1) : proxy.hostname;
  return request({ ...options, hostname, port: portOf(proxy), protocol: proxy.protocol });
}

function proxyRefused(detail: string): Refused {
  return new Refused({ reason: 'connect', detail });
}
