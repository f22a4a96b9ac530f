import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openApp, type App } from '../../../../../src/core/runtime/open/app.process.ts';
import { NetworkPictures } from '../../../../../src/core/crawl/fetch/network-pictures.process.ts';
import { loadConfig } from '../../../../../src/core/config/load-config.ts';
import { openLogger } from '../../../../../src/core/platform/log/logger.ts';
import { useDatabase } from '../../../../support/database.ts';
import { startLocalServer, type LocalAnswer } from '../../../../support/sites/local-server.ts';
import { repositoryRoot, withFolder } from '../../../../support/winnow.ts';

const database = useDatabase();
const PICTURE = path.join(repositoryRoot, 'test', 'fixtures', 'preprocess', 'tiny-17x31.png');
const RULES = 'User-agent: *\nDisallow: /private\n';

async function withApp(host: string, use: (app: App) => Promise<void>): Promise<void> {
  const { config } = await loadConfig({
    argvSettings: [
      ['crawl.contact', 'curator@example.org', '--set'],
      ['postgres.url', database.url, '--set'],
      ['fetch.allowAddresses', host, '--set'],
      ['fetch.requestsPerMinutePerHost', '60000', '--set'],
    ],
  });
  await withFolder(async (dataDir) => {
    const app = await openApp({
      config,
      dataDir,
      log: openLogger({ level: 'silent', format: 'text' }, process.stderr),
      clientName: 'test',
    });
    try {
      await use(app);
    } finally {
      await app.close();
    }
  });
}

/** Waits for the network as long as it takes. */
const FOR_EVER = { giveUpAfterMs: null, onNetworkGone: () => Promise.resolve() };

describe('robots.txt of a host whose pictures are fetched', () => {
  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['its tag', { etag: '"v1"' }, 'if-none-match'],
    ['its time', { 'last-modified': 'Mon, 02 Mar 2026 00:00:00 GMT' }, 'if-modified-since'],
  ])('is requested again by %s, and kept for another day if it has not changed', async (_, validators, condition) => {
    const bytes = await readFile(PICTURE);
    let rules = RULES;
    const server = await startLocalServer(({ url, headers }): LocalAnswer => {
      if (url.pathname !== '/robots.txt') return { status: 200, headers: { 'content-type': 'image/png' }, body: bytes };
      const isKnown = rules === RULES && headers[condition] === Object.values(validators)[0];
      return isKnown ? { status: 304, body: '' } : { status: 200, headers: validators, body: rules };
    });
    onTestFinished(() => server.close());
    await withApp(new URL(server.url).host, async (app) => {
      const read = async (at: string): Promise<string> => {
        const pictures = new NetworkPictures(app, new AbortController().signal, FOR_EVER);
        const picture = { id: 1, source: 'urls', sourceId: at, url: `${server.url}${at}`, attempts: 0, detail: null };
        const result = await pictures.read(picture);
        pictures.close();
        return result.kind === 'problem' ? result.problem.reason : result.kind;
      };
      const expire = (): Promise<unknown> => sql`update robots set expires_ms = 1`.execute(app.db);
      expect([await read('/a.png'), await read('/private/a.png')]).toEqual(['bytes', 'robots-disallowed']);
      await expire();
      expect([await read('/private/a.png'), await read('/b.png')]).toEqual(['robots-disallowed', 'bytes']);
      await expire();
      rules = 'User-agent: *\nDisallow: /b\n';
      expect([await read('/private/a.png'), await read('/b.png')]).toEqual(['bytes', 'robots-disallowed']);
    });
    const asked = server.log.filter(({ path: at }) => at === '/robots.txt');
    expect(asked.map(({ status, headers }) => [status, condition in headers])).toEqual([
      [200, false],
      [304, true],
      [200, true],
    ]);
  });
});
