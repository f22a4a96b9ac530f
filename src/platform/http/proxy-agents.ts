import http, { type ClientRequest } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { refuseConnection, type OnConnection } from './guarded-agents.ts';
import { proxyAuthorization } from './proxy.ts';
import { Refused } from './refused.ts';
import { portOf } from './url.ts';

/** How long a proxy may take to open a tunnel, in milliseconds. A request with less time left ends earlier. */
const TUNNEL_TIMEOUT_MS = 30_000;

/**
 * Reaches https URLs through a proxy: `CONNECT host:port` (RFC 9110, 9.3.6), then TLS with the host inside the tunnel. The
 * proxy sees neither the request nor the answer. The proxy resolves names.
 */
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
