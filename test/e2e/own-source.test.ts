import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/core/status/candidate-list.repository.ts';
import type { ShortlistRow } from '../../src/core/shortlist/shortlist.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { startLocalServer, type LocalServer } from '../support/sites/local-server.ts';
import { jsonLines, repositoryRoot, setFlags, startWorker, winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
let site: LocalServer;
let [file, collection] = ['', ''];
const [DRAGONFLY, UMBRELLA] = ['n02268443', 'n04507155'];

/** A photo that no model takes for its class. */
async function picture(seed: number): Promise<Buffer> {
  const [side, grey] = [320, 40 + seed * 17];
  return sharp({ create: { width: side, height: side, channels: 3, background: { r: grey, g: 90, b: 255 - grey } } })
    .jpeg()
    .toBuffer();
}

/** Two pages of two photos for each search. One more photo is at another host, and one has no address. */
function answer(url: URL): Promise<Buffer> | string {
  if (url.pathname === '/robots.txt') return 'User-agent: *\nDisallow: /closed';
  const [, number] = /^\/i\/(\d+)\.jpg$/.exec(url.pathname) ?? [];
  if (number !== undefined) return picture(Number(number));
  const [search, page] = [url.searchParams.get('q') ?? '', Number(url.searchParams.get('page'))];
  const first = (search === 'umbrella' ? 5 : 1) + (page - 1) * 2;
  const results = [first, first + 1].map((id) => ({ id, image: `${url.origin}/i/${id}.jpg`, taken: '2020-01-02' }));
  const odd = [{ id: `${search}-far`, image: 'https://elsewhere.example/1.jpg' }, { id: `${search}-none` }];
  return JSON.stringify({ pages: 2, total: 4, results: page === 2 ? [...results, ...odd] : results });
}

const flags = (): string[] => [
  '--data',
  folder.at('data'),
  ...setFlags({
    'crawl.contact': 'curator@example.org',
    'fetch.allowAddresses': new URL(site.url).host,
    'fetch.requestsPerMinutePerHost': 6000,
  }),
];

beforeAll(async () => {
  site = await startLocalServer(async ({ url }) => ({ status: 200, body: await answer(url) }));
  const example = await readFile(path.join(repositoryRoot, 'examples/my-source.mjs'), 'utf8');
  [file, collection] = [folder.at('sources', 'museum source.mjs'), folder.at('mine.yaml')];
  await mkdir(path.dirname(file), { recursive: true });
  const { host, origin } = new URL(site.url);
  await writeFile(
    file,
    example
      .replace('https://museum.example', origin)
      .replace("'museum.example'", `'${host}'`)
      .replace('requestsPerMinute: 30', 'requestsPerMinute: 600'),
  );
  const lines = [
    'name: mine',
    `classes: [${DRAGONFLY}, ${UMBRELLA}]`,
    'among: imagenet-1k',
    'ensemble: [efficientnet-lite0]',
  ];
  await writeFile(collection, [...lines, "sources: ['./sources/museum source.mjs']", ''].join('\n'));
});

afterAll(() => site.close());

async function candidates(): Promise<CandidateLine[]> {
  const listed = await winnow(['candidates', '--collection', 'mine', '--source', 'museum', '--json', ...flags()]);
  return jsonLines<CandidateLine>(listed.stdout);
}

it('the example tries three classes, and says what it refuses', async () => {
  const { code, stdout } = await winnow(['test-source', file, '--class', 'umbrella', ...flags()]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('museum  umbrella (n04507155): 2 photos\n  5  url http')]);
  expect(stdout).toContain('licence CC0-1.0');
});

it('a collection with such a source goes from crawl to a verified export whose card names the file', async () => {
  const run = await winnow(['run', '--collection', collection, ...flags()]);
  expect([run.code, run.stderr]).toEqual([0, expect.not.stringContaining('error')]);
  const found = await candidates();
  expect(found.filter(({ state }) => state === 'fetched')).toHaveLength(8);
  // Each class has one photo at a host that the file does not name, and one photo without an address.
  expect(found.filter(({ reason }) => reason === 'unreadable').map(({ sourceId }) => sourceId)).toHaveLength(4);
  expect(found[0]).toMatchObject({ licence: 'CC0-1.0', creator: 'The Museum', takenAt: '2020-01-02' });
  const asked = site.log.filter(({ path: at }) => at.startsWith('/api')).length;
  await winnow(['crawl', '--collection', collection, ...flags()]);
  expect(site.log.filter(({ path: at }) => at.startsWith('/api'))).toHaveLength(asked);

  const shortlist = await winnow(['shortlist', '--collection', 'mine', '--json', ...flags()]);
  const listed = jsonLines<ShortlistRow>(shortlist.stdout);
  const rows = listed.map(({ sha256, wnid }) => `${sha256},${wnid},accept,ada`);
  await writeFile(folder.at('verdicts.csv'), ['sha256,wnid,verdict,reviewer', ...rows, ''].join('\n'));
  // Some are left out as near-duplicates.
  await winnow(['verdicts', 'import', folder.at('verdicts.csv'), '--collection', 'mine', ...flags()]);
  const root = folder.at('out');
  const exported = await winnow(['export', '--collection', collection, '--out', root, ...flags()]);
  expect([exported.code, exported.stderr]).toEqual([0, expect.any(String)]);
  const card = await readFile(path.join(root, 'README.md'), 'utf8');
  expect(card).toMatch(/The source museum is a program of the curators \(museum source\.mjs, SHA-256 [0-9a-f]{64}\)\./);
  expect((await winnow(['verify', root, ...flags()])).code).toBe(0);
});

it('only crawls need the file, and a changed one is noted', async () => {
  await writeFile(file, `${await readFile(file, 'utf8')}\n// changed\n`);
  const changed = await winnow(['crawl', '--collection', collection, ...flags()]);
  expect([changed.code, changed.stderr]).toEqual([0, expect.stringContaining('has changed since the last crawl')]);
  await rename(file, `${file}.away`);
  expect((await winnow(['status', '--collection', collection, ...flags()])).code).toBe(0);
  for (const name of [collection, 'mine'])
    expect(await winnow(['crawl', '--collection', name, ...flags()])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`The file of a source cannot be read: '${file}'`),
    });
  expect(await winnow(['candidates', '--collection', 'mine', '--source', 'musem', ...flags()])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("received 'musem'. Did you mean 'museum'?"),
  });
  const worker = startWorker('discover', ['--collection', 'mine', ...flags()]);
  expect(await worker.result).toMatchObject({ code: 2, stderr: expect.stringContaining(file) });
  expect(await candidates()).toHaveLength(12);
});

it('a backup has what the file found, and a restored catalogue needs the file for crawls only', async () => {
  expect((await winnow(['backup', folder.at('backup'), ...flags()])).code).toBe(0);
  const elsewhere = ['--data', folder.at('restored'), ...flags().slice(2)];
  const restored = await winnow(['restore', folder.at('backup'), ...elsewhere]);
  expect([restored.code, restored.stderr]).toEqual([0, expect.any(String)]);
  const listed = await winnow(['candidates', '--collection', 'mine', '--source', 'museum', '--json', ...elsewhere]);
  expect(jsonLines<CandidateLine>(listed.stdout)).toEqual(await candidates());
  const crawled = await winnow(['crawl', '--collection', 'mine', ...elsewhere]);
  expect(crawled).toMatchObject({ code: 2, stderr: expect.stringContaining(file) });
  await cp(`${file}.away`, file);
});

it('a broken file beside it stops only crawls of its own source', async () => {
  await writeFile(folder.at('sources', 'broken.mjs'), 'export default {');
  const two = folder.at('two.yaml');
  const text = (await readFile(collection, 'utf8')).replace('name: mine', 'name: two');
  await writeFile(two, text.replace("source.mjs'", "source.mjs', ./sources/broken.mjs"));
  const one = await winnow(['crawl', '--collection', two, '--source', file, ...flags()]);
  expect(one.stderr).toBe('');
  const named = await winnow(['crawl', '--collection', 'two', '--source', `museum,${file}`, ...flags()]);
  expect([named.code, named.stderr]).toEqual([0, expect.any(String)]);
  expect(await winnow(['crawl', '--collection', two, ...flags()])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('broken.mjs cannot be used'),
  });
});

it('another collection may share the file, but not give its name to another source', async () => {
  const other = folder.at('other.yaml');
  const text = (await readFile(collection, 'utf8')).replace('name: mine', 'name: other');
  await writeFile(other, text);
  const shared = await winnow(['crawl', '--collection', other, ...flags()]);
  expect([shared.code, shared.stderr]).toEqual([0, expect.any(String)]);
  await writeFile(folder.at('sources', 'zoo.mjs'), `${await readFile(file, 'utf8')}\n// of a zoo\n`);
  await writeFile(folder.at('zoo.yaml'), text.replace('name: other', 'name: zoo').replace('museum source', 'zoo'));
  expect(await winnow(['crawl', '--collection', folder.at('zoo.yaml'), ...flags()])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("zoo.mjs has the name 'museum', which the collection mine uses for another source"),
  });
  await writeFile(
    folder.at('twins.yaml'),
    text.replace('name: other', 'name: twins').replace("source.mjs'", "source.mjs', ./sources/zoo.mjs"),
  );
  expect(await winnow(['crawl', '--collection', folder.at('twins.yaml'), ...flags()])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("has the name 'museum', which"),
  });
});

it.each([
  ['syntax', 'export default {', 'cannot be used: Unexpected end of input'],
  ['no default', 'export const name = 1;', 'expected'],
  ['a number for the name', 'export default { name: 7 };', "for 'name' but received 7"],
  ['a taken name', null, "has the name 'commons', which winnow has for its own"],
])('a file is refused for %s', async (_, text, message) => {
  const bad = folder.at('bad.mjs');
  await writeFile(bad, text ?? (await readFile(file, 'utf8')).replace("name: 'museum'", "name: 'commons'"));
  const { code, stderr } = await winnow(['test-source', bad, ...flags()]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

it.each([
  ['a request to another host', "search: (_, { send }) => send('http://127.0.0.1:9/')", "'addresses' do not allow"],
  ['a request that robots.txt forbids', 'search: (_, { send }) => send(new URL("/closed", API))', 'robots.txt of'],
  ['nothing', 'search: () => null', 'expected {photos, next} from search()'],
  ['an impossible number', 'search: () => ({ photos: [], next: null, total: -1 })', 'expected {photos, next}'],
  ['an error', "search() { throw new Error('out of order'); }", 'search() failed: out of order'],
])('a search that ends with %s fails with words', async (_, search, message) => {
  const bad = folder.at('search.mjs');
  const text = await readFile(file, 'utf8');
  await writeFile(
    bad,
    text
      .replace('requestsPerMinute', `${search}, requestsPerMinute`)
      .replace('async search(', 'async other(')
      .replace(/async other[\s\S]*\n {2}\},\n/, ''),
  );
  const { code, stdout } = await winnow(['test-source', bad, '--class', 'umbrella', ...flags()]);
  expect([code, stdout]).toEqual([1, expect.stringContaining(message)]);
});
