import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { readEnvironment } from '../../config/env.ts';
import { packageRoot } from '../../config/root.ts';
import type { Config } from '../../config/settings.ts';
import { SOURCES } from '../../config/sources/sources.ts';
import { systemClock } from '../../kernel/clock.ts';
import { UsageError } from '../../kernel/errors.ts';
import { openHttpClient, type HttpClient } from '../../platform/http/http-client.ts';
import type { ProxySettings } from '../../platform/http/proxy.ts';
import type { HttpLimits } from '../../platform/http/request.ts';
import { portOf } from '../../platform/http/url.ts';
import { countResponse } from '../../runtime/work/work-metrics.ts';

/** Our product token in robots.txt and X-Robots-Tag. */
export const ROBOTS_AGENT = 'winnow';

/** `winnow/0.1.0 (+mailto:me@example.org)`: who sends the request, and the contact. Throws a UsageError if no contact is set. */
export function userAgentOf(config: Config): string {
  if (config.crawl.contact === null) {
    throw new UsageError(
      'Expected crawl.contact (an e-mail address or a URL that the sites can write to) for crawling a network source but it is not set: ' +
        'give it with --set crawl.contact=you@example.org, WINNOW_CRAWL_CONTACT or in config/local.yaml',
      { code: 'contact-missing' },
    );
  }
  return plainUserAgentOf(config);
}

function version(): string {
  const text = readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/** The User-Agent for requests that are not a crawl, such as one for a model file. It names a contact if there is one. */
export function plainUserAgentOf({ crawl }: Config): string {
  const contact = crawl.contact === null ? '' : ` (+${crawl.contact})`;
  return crawl.userAgent ?? `${ROBOTS_AGENT}/${version()}${contact}`;
}

/** Opens a client for crawling, which the caller must close. `allowAddresses` is added to the list in the settings. */
export function openHttp(config: Config, allowAddresses: readonly string[] = []): HttpClient {
  return openHttpAs(userAgentOf(config), config, allowAddresses);
}

/** Opens a client with the caller's own User-Agent. Its responses are counted for Prometheus. */
export function openHttpAs(userAgent: string, config: Config, allowAddresses: readonly string[]): HttpClient {
  const client = openHttpClient({
    userAgent,
    connectionsPerHost: config.fetch.connectionsPerHost,
    allowAddresses: [...config.fetch.allowAddresses, ...allowAddresses],
    clock: systemClock,
    proxies: proxySettings(),
  });
  const hosts = sourceHosts(config);
  return {
    ...client,
    send(url, headers) {
      const host = hosts.find((known) => url.hostname === known || url.hostname.endsWith(`.${known}`)) ?? null;
      return client.send(url, headers).once('response', ({ statusCode = 0 }) => countResponse(host, statusCode));
    },
  };
}

/** The hosts of the sources' APIs and photos, by which responses are counted. Other hosts come by the thousand. */
function sourceHosts({ sources }: Config): readonly string[] {
  // A dump may be a folder.
  const hosts = SOURCES.flatMap((source) => [
    ...source.addresses(sources).flatMap((address) => URL.parse(address)?.hostname ?? []),
    ...source.limits(sources).mediaHosts,
  ]);
  return [...new Set(hosts)];
}

/** The proxies in the environment. Names in capitals take precedence. */
export function proxySettings(): ProxySettings {
  const environment = readEnvironment();
  return {
    httpsProxy: environment['HTTPS_PROXY'] ?? environment['https_proxy'] ?? null,
    httpProxy: environment['HTTP_PROXY'] ?? environment['http_proxy'] ?? null,
    noProxy: environment['NO_PROXY'] ?? environment['no_proxy'] ?? null,
  };
}

/** `host:port` of an endpoint in the settings. A private address that is written there is intended, so it may be allowed. */
export function addressOf(endpoint: string): string {
  const url = new URL(endpoint);
  return `${url.hostname}:${portOf(url)}`;
}

export function httpLimits({ fetch }: Config): HttpLimits {
  const { totalTimeoutMs, firstByteTimeoutMs, minBytesPerSecond, maxBytes, maxRedirects } = fetch;
  return { totalTimeoutMs, firstByteTimeoutMs, minBytesPerSecond, maxBytes, maxRedirects, speedWindowMs: 10_000 };
}
