import { describe, expect, it } from 'vitest';
import {
  checkBudgets,
  checkCrawlSettings,
  type CrawlCheck,
} from '../../../../src/core/crawl/discover/crawl-checks.process.ts';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import type { KeyBudget } from '../../../../src/core/crawl/network/budget.ts';

const NO_PROXIES = { httpsProxy: null, httpProxy: null, noProxy: null };

async function checks(settings: readonly string[], proxies = {}): Promise<Record<string, CrawlCheck>> {
  const { config } = await loadConfig({
    argvSettings: settings.map((text) => {
      const [name = '', value = ''] = text.split('=');
      return [name, value, '--set'] as const;
    }),
    env: {},
  });
  const found = checkCrawlSettings(config, { ...NO_PROXIES, ...proxies });
  return Object.fromEntries(found.map((check) => [check.name, check]));
}

describe('the checks of crawl settings', () => {
  it('give advice and report no fault if nothing is set', async () => {
    const found = await checks([]);
    expect(Object.values(found).map(({ name, state }) => [name, state])).toEqual([
      ['crawl.contact', 'note'],
      ['Flickr key', 'note'],
      ['DuckDuckGo', 'note'],
      ['proxies', 'ok'],
    ]);
    expect(found['DuckDuckGo']?.detail).toMatch(/no documented API.*ignoreRobots: true.*not asked\.$/);
  });

  it('report what is set and never show a key', async () => {
    const set = [
      'crawl.contact=me@example.org',
      'sources.flickr.apiKey=0123secret',
      'sources.duckduckgo.ignoreRobots=true',
    ];
    const found = await checks([...set, 'fetch.polite=false']);
    expect(JSON.stringify(found)).not.toContain('0123secret');
    expect(found).toMatchObject({
      'crawl.contact': { state: 'ok', detail: 'sites can write to me@example.org' },
      'Flickr key': { state: 'ok' },
      DuckDuckGo: { detail: expect.stringMatching(/It is asked/) },
      'fetch.polite': { state: 'note' },
    });
  });

  it('say for which hosts a proxy checks the addresses, and hide its password', async () => {
    const proxies = { httpsProxy: 'http://me:pa55@proxy.example:3128', noProxy: 'flickr.com' };
    const { proxies: check } = await checks([], proxies);
    expect(check?.state).toBe('note');
    expect(check?.detail).toMatch(
      /^requests go through http:\/\/proxy\.example:3128 \(HTTPS_PROXY\), but for NO_PROXY/,
    );
    expect(check?.detail).toMatch(
      /the proxy's task.*sources api\.inaturalist\.org, .*; reached directly: api\.flickr\.com$/,
    );
    expect(check?.detail).not.toContain('pa55');
    expect((await checks([], { httpsProxy: 'ftp://x' }))['proxies']?.state).toBe('fail');
  });
});

describe('the checks of the limits that sites have set', () => {
  const whole: KeyBudget = {
    key: 'source:flickr',
    requestsPerMinute: null,
    requestsPerDay: { limit: 100, used: 50, left: 50 },
    bytesPerHour: null,
    bytesPerDay: null,
    waits: null,
    circuit: 'closed',
    blocks: 0,
  };

  it('report nothing if there are no limits', () => {
    expect(checkBudgets([whole])).toMatchObject([{ name: 'sites', state: 'ok' }]);
  });

  it('report each limit with its reason and end, and budgets that are nearly used up', () => {
    const waits = {
      reason: 'circuit-open',
      until: '',
      why: 'source:flickr waits until then: HTTP 403',
      said: '',
    } as const;
    const found = checkBudgets([
      { ...whole, waits, blocks: 2, circuit: 'open' },
      { ...whole, key: 'source:duckduckgo', blocks: 1, circuit: 'half-open' },
      { ...whole, key: 'source:inaturalist', requestsPerDay: { limit: 100, used: 95, left: 5 } },
      { ...whole, key: 'media:inaturalist', bytesPerHour: { limit: 100, used: 100, left: 0 } },
    ]);
    expect(found.map(({ name, state, detail }) => `${state} ${name}: ${detail}`)).toEqual([
      'note source:flickr: source:flickr waits until then: HTTP 403; blocked 2 times in a row',
      'note source:duckduckgo: source:duckduckgo was blocked: the next request finds out whether it still is; blocked once',
      'note source:inaturalist: 95 of 100 requests of the last 24 hours are used: 5 are left',
      'note media:inaturalist: 100 of 100 bytes of the last hour are used: it waits until some are free again',
    ]);
  });
});
