import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { flickrPhotos, startFlickrSite } from '../support/sites/flickr-site.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { candidateLines, urlCrawlArgs, writeUrlList } from '../support/url-list.ts';
import { winnow, withFolder } from '../support/winnow.ts';

useSharedServer();

const [GOOSE, KOALA] = ['n01855672', 'n01882714'];

it('a takedown deletes photos named by their bytes, their URL or their place, and no crawl of the same or another URL brings the bytes back', async () => {
  const world = flickrPhotos({ count: 4, text: 'x', from: 1_000_000, to: 2_000_000 });
  const photos = world.map((photo) => ({ ...photo, sizes: ['m'] }));
  const host = await startFlickrSite({ photos });
  onTestFinished(() => host.close());
  const urls = photos.map(({ server, id, secret }) => `${host.mediaUrl}/${server}/${id}_${secret}.jpg`);
  const [taken, kept] = [urls.slice(0, 3), urls.slice(3)];
  await withFolder(async (folder) => {
    const [data, list] = [path.join(folder, 'data'), path.join(folder, 'list.csv')];
    const crawl = () => winnow(urlCrawlArgs({ data, from: list, allow: [new URL(host.mediaUrl).host] }));
    await writeUrlList(list, urls, GOOSE);
    await crawl();
    const before = await candidateLines(data);
    const [byBytes, byUrl, byPlace] = taken.map((url) => before.find((line) => line.url === url));
    expect([byBytes, byUrl, byPlace].map((line) => line?.state)).toEqual(['fetched', 'fetched', 'fetched']);
    for (const flags of [
      ['--sha256', byBytes?.sha256 ?? ''],
      // The URL is spelt differently from the list's.
      ['--url', (byUrl?.url ?? '').replace('http://', 'HTTP://').concat('#top')],
      ['--source-id', `urls:${byPlace?.sourceId}`],
    ]) {
      const gone = await winnow(['takedown', ...flags, '--reason', `asked to by ${flags[0]}`, '--data', data]);
      const told = expect.stringMatching(/^1 photo removed, 1 picture/);
      expect([gone.code, gone.stdout, gone.stderr]).toEqual([0, told, '']);
    }
    // The same pictures once more, and their bytes at other addresses.
    await writeUrlList(list, [...taken.map((url) => `${url}?copy`), ...kept], GOOSE);
    await appendFile(list, taken.map((url) => `${url},${KOALA}\n`).join(''));
    expect((await crawl()).code).toBe(0);
    const lines = await candidateLines(data);
    expect(lines.filter(({ state }) => state === 'fetched').map(({ url }) => url)).toEqual(kept);
    for (const [i, flag] of ['--sha256', '--url', '--source-id'].entries()) {
      const again = lines.filter(({ url }) => url.replace('?copy', '') === taken[i]);
      expect(again.map(({ reason, detail }) => `${reason}: ${detail}`)).toEqual(
        Array(3).fill(`taken-down: asked to by ${flag}`),
      );
    }
    const doctor = await winnow(['doctor', '--deep', '--data', data, '--json']);
    expect(JSON.parse(doctor.stdout)).toEqual(expect.not.arrayContaining([expect.objectContaining({ ok: false })]));
  });
});
