import type { Config } from '../../config/settings.ts';
import { SOURCES } from '../../config/sources/sources.ts';
import { isNearlyUsedUp, type KeyBudget } from '../network/budget.ts';
import { messageOf } from '../../kernel/errors.ts';
import { createProxies, type Proxies, type ProxySettings } from '../../platform/http/proxy.ts';

/** The result of a check before a crawl: its state, and what to do about it. A `note` is information, not a fault. */
export interface CrawlCheck {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'fail';
  readonly detail: string;
}

export function checkCrawlSettings(config: Config, proxies: ProxySettings): CrawlCheck[] {
  const advice = SOURCES.flatMap((source) => source.advice(config.sources) ?? []);
  return [contact(config), ...advice, proxy(config, proxies), ...politeness(config)];
}

function contact({ crawl }: Config): CrawlCheck {
  const name = 'crawl.contact';
  if (crawl.contact !== null) return { name, state: 'ok', detail: `sites can write to ${crawl.contact}` };
  const detail =
    'not set: network sources need it; set an e-mail address or a URL at which sites can contact you (WINNOW_CRAWL_CONTACT, config/local.yaml)';
  return { name, state: 'note', detail };
}

function politeness({ fetch }: Config): CrawlCheck[] {
  if (fetch.polite) return [];
  const hosts = fetch.allowAddresses.join(', ') || 'no host, as fetch.allowAddresses is empty';
  return [{ name: 'fetch.polite', state: 'note', detail: `false: no permits and no robots.txt for ${hosts}` }];
}

function proxy(config: Config, settings: ProxySettings): CrawlCheck {
  const name = 'proxies';
  let proxies: Proxies;
  try {
    proxies = createProxies(settings);
  } catch (error) {
    return { name, state: 'fail', detail: messageOf(error) };
  }
  const set = [proxyText('HTTPS_PROXY', proxies.forHttps), proxyText('HTTP_PROXY', proxies.forHttp)].filter(
    (text) => text !== '',
  );
  if (set.length === 0) return { name, state: 'ok', detail: 'none: the addresses of all hosts are checked here' };
  const isThrough = (url: URL): boolean =>
    (url.protocol === 'https:' ? proxies.forHttps : proxies.forHttp) !== null && !proxies.isException(url);
  const urls = sourceUrls(config);
  const hostsOf = (through: boolean): string =>
    [...new Set(urls.filter((url) => isThrough(url) === through).map(({ host }) => host))].join(', ');
  const exceptions = settings.noProxy === null ? '' : `, but for NO_PROXY (${settings.noProxy.trim()})`;
  const detail =
    `requests go through ${set.join(' and ')}${exceptions}. Names are resolved there, so keeping requests off private addresses is the proxy's task, ` +
    `not winnow's: ${picturesThrough(proxies)}, and the sources ${hostsOf(true) || 'none'}; reached directly: ${hostsOf(false) || 'none'}`;
  return { name, state: 'note', detail };
}

function picturesThrough({ forHttps, forHttp }: Proxies): string {
  if (forHttps !== null && forHttp !== null) return 'the hosts of pictures';
  return `the hosts of pictures at ${forHttps === null ? 'http' : 'https'} addresses`;
}

function proxyText(name: string, url: URL | null): string {
  return url === null ? '' : `${url.protocol}//${url.host} (${name})`;
}

/** The addresses of all sources. That of a dump may be a folder. */
function sourceUrls({ sources }: Config): URL[] {
  const addresses = SOURCES.flatMap((source) => source.addresses(sources));
  return addresses.flatMap((address) => (/^https?:/i.test(address) ? (URL.parse(address) ?? []) : []));
}

export function checkBudgets(budgets: readonly KeyBudget[]): CrawlCheck[] {
  const waiting = budgets.flatMap(({ key, waits, blocks }): CrawlCheck[] => {
    if (waits === null && blocks === 0) return [];
    const block = blocks === 0 ? '' : `; blocked ${blocks === 1 ? 'once' : `${blocks} times in a row`}`;
    const why = waits?.why ?? `${key} was blocked: the next request finds out whether it still is`;
    return [{ name: key, state: 'note', detail: `${why}${block}` }];
  });
  const low = budgets.flatMap(({ key, requestsPerDay, bytesPerHour, bytesPerDay }) =>
    (
      [
        ['requests of the last 24 hours', requestsPerDay],
        ['bytes of the last hour', bytesPerHour],
        ['bytes of the last 24 hours', bytesPerDay],
      ] as const
    ).flatMap(([what, budget]): CrawlCheck[] => {
      if (budget === null || !isNearlyUsedUp(budget)) return [];
      const { used, limit, left } = budget;
      const detail = `${used} of ${limit} ${what} are used: ${left === 0 ? 'it waits until some are free again' : `${left} are left`}`;
      return [{ name: key, state: 'note', detail }];
    }),
  );
  const checks = [...waiting, ...low];
  return checks.length > 0
    ? checks
    : [{ name: 'sites', state: 'ok', detail: 'none asks to be left alone, no budget is nearly used up' }];
}
