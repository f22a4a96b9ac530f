import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLocalServer, type LocalServer } from '../support/sites/local-server.ts';
import { candidateLines, outcomesOf, urlCrawlArgs, writeUrlList } from '../support/url-list.ts';
import { winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

function picture(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#69c' } })
    .png()
    .toBuffer();
}

let [notice, tiny, small]: Buffer[] = [];
let host: LocalServer;
beforeEach(async () => {
  [notice, tiny, small] = await Promise.all([picture(300, 200), picture(63, 400), picture(64, 400)]);
  host = await startLocalServer(({ url }) => {
    if (url.pathname === '/robots.txt') return { status: 404, body: '' };
    const body = { '/tiny.png': tiny, '/small.png': small }[url.pathname] ?? notice ?? '';
    return { status: 200, headers: { 'content-type': 'image/png' }, body };
  });
});
afterEach(async () => host.close());

describe('a crawl of pictures that are no photos', () => {
  it('drops a notice and what is smaller than 64 pixels, says so once, and takes both from a folder', async () => {
    await withFolder(async (folder) => {
      const data = path.join(folder, 'data');
      const list = path.join(folder, 'list.csv');
      const crawl = async (urls: readonly string[]): Promise<string> => {
        const from = await writeUrlList(list, urls);
        const { code, stdout, stderr } = await winnow(urlCrawlArgs({ data, from, allow: [new URL(host.url).host] }));
        expect([code, stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
        return stdout;
      };
      const gone = [1, 2, 3, 4, 5].map((id) => `${host.url}/gone/${id}.png`);
      const said = /note: urls: (\d) pictures have the same bytes \(\w{64}\), so they are a notice and not a photo/;
      expect(said.exec(await crawl([...gone, `${host.url}/tiny.png`, `${host.url}/small.png`]))?.[1]).toBe('5');
      const lines = await candidateLines(data);
      expect(outcomesOf(lines)).toEqual(
        new Map([
          ...gone.map((url) => [url, 'placeholder'] as const),
          [`${host.url}/tiny.png`, 'too-small'],
          [`${host.url}/small.png`, 'fetched'],
        ]),
      );
      const doctor = await winnow(['doctor', '--deep', '--data', data]);
      expect(doctor.stdout).not.toContain('has no picture');

      // Known by now: another crawl names it only if it meets it.
      expect(await crawl([`${host.url}/small.png`])).not.toMatch(said);
      expect(said.exec(await crawl([`${host.url}/gone/6.png`]))?.[1]).toBe('6');

      const photos = path.join(folder, 'photos', 'n02268443');
      await mkdir(photos, { recursive: true });
      for (const [i, bytes] of [notice, notice, notice, notice, notice, notice, tiny].entries())
        await writeFile(path.join(photos, `${i}.png`), bytes ?? '');
      await winnow(['crawl', '--collection', 'imagenet-a', '--from', path.dirname(photos), '--data', data]);
      const own = await candidateLines(data, '--source', 'folder');
      expect(own.map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'fetched'));
    });
  });
});
