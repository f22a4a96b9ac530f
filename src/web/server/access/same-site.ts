import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

export interface RequestOrigin {
  readonly method: string;
  /** `Host`, `Origin`, and those of https://www.w3.org/TR/fetch-metadata/ count. */
  readonly headers: IncomingHttpHeaders;
  /** `https` if the proxy before this server says so. Null if no proxy is trusted: a proxy may end TLS unseen. */
  readonly protocol: string | null;
}

/**
 * `Host` must be an address, `localhost`, or an allowed name, because with DNS rebinding a foreign site sends its own
 * name. Another site's request is refused, unless a person follows a link.
 * @param allowedHosts names in lower case, without port
 * @returns why the request must be refused, or null
 */
export function refusalOf(
  { method, headers, protocol }: RequestOrigin,
  allowedHosts: readonly string[],
): string | null {
  const { host, origin, 'sec-fetch-site': fetchSite } = headers;
  const name = hostNameOf(host);
  if (name === null) return 'Expected one Host header that names a host';
  if (!isOwnName(name, allowedHosts)) {
    return `Expected a Host that is an address, 'localhost', or listed in server.allowedHosts but received '${name}'`;
  }
  if (origin !== undefined && !isOriginOf(origin, host ?? '', protocol)) {
    return `Expected the Origin of this server but received '${origin.slice(0, 200)}'`;
  }
  const isFromElsewhere = fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none';
  return isFromElsewhere && !(method === 'GET' && isFollowedLink(headers))
    ? 'Expected a request of a page of this server but received one of another site'
    : null;
}

/** Frames and embedded objects navigate too, but fill no window. Some browsers send no destination. */
function isFollowedLink({ 'sec-fetch-mode': mode, 'sec-fetch-dest': destination }: IncomingHttpHeaders): boolean {
  return mode === 'navigate' && (destination === undefined || destination === 'document');
}

/** In lower case, without port; an IPv6 address in brackets. */
function hostNameOf(host: string | undefined): string | null {
  return /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase() ?? null;
}

function isOwnName(name: string, allowedHosts: readonly string[]): boolean {
  return name === 'localhost' || isIP(name.replaceAll(/[[\]]/g, '')) !== 0 || allowedHosts.includes(name);
}

/** Behind a proxy that ends TLS, the scheme of the origin differs from ours. */
function isOriginOf(origin: string, host: string, protocol: string | null): boolean {
  return origin === `https://${host}` || (protocol !== 'https' && origin === `http://${host}`);
}

const ANY_ORIGIN = 'http://winnow.invalid';

/** The path and query of a page to go to. `/` for an address that leads elsewhere, and for the page to log in itself. */
export function ownPath(address: string): string {
  const url = address.startsWith('/') ? URL.parse(address, ANY_ORIGIN) : null;
  // Dots can leave `//host`, which browsers take for another host.
  if (url?.origin !== ANY_ORIGIN || url.pathname.startsWith('//') || url.pathname === '/login') return '/';
  return url.pathname + url.search;
}

/** True if an address to listen on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
