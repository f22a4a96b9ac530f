import { cp, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/status/candidate-list.repository.ts';
import { dumpOf } from '../integration/open-data/dump.ts';
import { startInaturalistSite, type InaturalistSite } from '../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf, type InaturalistWorld } from '../support/sites/inaturalist-world.ts';
import { jsonLines, repositoryRoot, setFlags, winnow, withFolder, type CommandResult } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const QUERIES = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');

let world: InaturalistWorld;
let site: InaturalistSite;
beforeAll(async () => {
  const lines = readQueriesLines(await readFile(QUERIES, 'utf8')).filter(({ name }) =>
    ['goose', 'koala'].includes(name),
  );
  world = worldOf(lines, { perTaxon: 8 });
  site = await startInaturalistSite({ world });
  return () => site.close();
});

/** Files of the dump by name, as they are sent: gzip. */
function files(): Map<string, Buffer> {
  return new Map(Object.entries(dumpOf(world)).map(([name, text]) => [name, gzipSync(text)]));
}

interface DumpServer {
  readonly url: string;
  /** `GET /photos.csv.gz bytes=10- -> 206` */
  readonly log: string[];
}

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A bucket: tags, ranges, and conditions; breaks the connection off in the middle of the files that are listed, once. */
async function startBucket(options: { contentEncoding: boolean; breaks: readonly string[] }): Promise<DumpServer> {
  const log: string[] = [];
  const held = files();
  const toBreak = new Set(options.breaks);
  server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const bytes = held.get(name);
    const etag = `"${name}-1"`;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const respond = (status: number, headers: Record<string, string> = {}, body: Buffer = Buffer.alloc(0)): void => {
      log.push(`GET /${name}${range === null ? '' : ` ${range[0]}`} -> ${status}`);
      const coding = options.contentEncoding ? { 'content-encoding': 'gzip' } : {};
      response.writeHead(status, { etag, ...coding, ...headers, 'content-length': String(body.length) });
      if (body.length > 1 && toBreak.delete(name)) {
        response.write(body.subarray(0, Math.ceil(body.length / 2)), () => response.destroy());
      } else response.end(body);
    };
    if (bytes === undefined) return respond(404);
    if (request.headers['if-none-match'] === etag) return respond(304);
    const isRange = range !== null && (request.headers['if-range'] ?? etag) === etag;
    if (!isRange) return respond(200, {}, bytes);
    const first = Number(range[1]);
    const last = range[2] === '' ? bytes.length - 1 : Number(range[2]);
    return respond(206, { 'content-range': `bytes ${first}-${last}/${bytes.length}` }, bytes.subarray(first, last + 1));
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, log };
}

/** A collection of two classes. */
async function writeCollection(folder: string): Promise<string> {
  const file = path.join(folder, 'birds.yaml');
  await cp(QUERIES, path.join(folder, 'queries.jsonl'));
  const text = ['name: birds', 'classes: [n01855672, n01882714]', 'queries: queries.jsonl'];
  await writeFile(file, `${text.join('\n')}\n`);
  return file;
}

interface Crawl {
  readonly collection: string;
  readonly data: string;
  readonly dump: string;
}

function crawl({ collection, data, dump }: Crawl, ...more: string[]): Promise<CommandResult> {
  const settings = {
    'crawl.contact': 'curator@example.org',
    'sources.inaturalistOpenData.url': dump,
    'sources.inaturalistOpenData.mediaUrl': site.mediaUrl,
    'sources.inaturalistOpenData.mediaRequestsPerMinute': '60000',
    'sources.inaturalist.qualityGrade': 'any',
    'fetch.allowAddresses': new URL(site.mediaUrl).host,
    'log.level': 'warn',
  };
  const sets = setFlags(settings);
  return winnow([
    'crawl',
    '--collection',
    collection,
    '--source',
    'inaturalist-open-data',
    '--data',
    data,
    ...sets,
    ...more,
  ]);
}

async function candidates({ collection, data }: Crawl): Promise<CandidateLine[]> {
  const listed = await winnow(['candidates', '--collection', collection, '--data', data, '--json']);
  return jsonLines<CandidateLine>(listed.stdout);
}

/** Ids of the photos of the two classes, computed from the test world. */
function wantedPhotos(): string[] {
  const taxa = new Map(world.taxa.map((taxon) => [taxon.id, taxon]));
  const lineage = (id: number): string[] => {
    const taxon = taxa.get(id);
    return taxon === undefined ? [] : [...lineage(taxon.parentId ?? -1), taxon.name];
  };
  const names = ['Anser', 'Branta', 'Phascolarctos cinereus'];
  return world.observations
    .filter(({ spam, taxonId }) => !spam && lineage(taxonId).some((name) => names.includes(name)))
    .flatMap(({ photos }) => photos.filter(({ licence }) => licence !== null).map(({ id }) => String(id)))
    .toSorted();
}

const ids = (lines: readonly CandidateLine[]): string[] => lines.map(({ sourceId }) => sourceId).toSorted();

describe("a crawl of iNaturalist's open data", () => {
  it('in a folder reports a shortened file, goes on once the file is whole, and takes no more than --limit of a class', async () => {
    await withFolder(async (folder) => {
      const dump = path.join(folder, 'dump');
      await mkdir(dump);
      for (const [name, bytes] of files()) await writeFile(path.join(dump, name), bytes);
      const one = { collection: await writeCollection(folder), data: path.join(folder, 'data'), dump };
      const photosFile = path.join(dump, 'photos.csv.gz');
      const whole = await readFile(photosFile);
      await truncate(photosFile, whole.length - 30);
      const broken = await crawl(one);
      expect([broken.code, broken.stdout]).toEqual([
        1,
        expect.stringMatching(/problem: inaturalist-open-data: Expected whole gzip data in photos\.csv\.gz/),
      ]);
      await writeFile(photosFile, whole);
      const done = await crawl(one);
      expect([done.code, done.stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
      expect(ids(await candidates(one))).toEqual(wantedPhotos());
      const again = await crawl(one);
      expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('there is nothing new to find')]);
      const limited = { ...one, data: path.join(folder, 'limited') };
      expect((await crawl(limited, '--limit', '3')).code).toBe(0);
      expect(await candidates(limited)).toHaveLength(6);
    });
  });

  it.each([true, false])(
    'over HTTP goes on where connections break off, and asks only whether the dump is new afterwards (Content-Encoding: %s)',
    async (contentEncoding) => {
      const bucket = await startBucket({ contentEncoding, breaks: ['observations.csv.gz', 'photos.csv.gz'] });
      await withFolder(async (folder) => {
        const one = { collection: await writeCollection(folder), data: path.join(folder, 'data'), dump: bucket.url };
        const first = await crawl(one);
        expect([first.code, first.stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
        expect(ids(await candidates(one))).toEqual(wantedPhotos());
        const ranges = bucket.log.filter((line) => /bytes=\d+- -> 206$/.test(line));
        expect(ranges.map((line) => line.split(' ')[1])).toEqual(['/observations.csv.gz', '/photos.csv.gz']);
        const requests = bucket.log.length;
        expect((await crawl(one)).code).toBe(0);
        expect(bucket.log.slice(requests).map((line) => line.replace(/^.* -> /, ''))).toEqual(Array(4).fill('304'));
      });
    },
  );

  it('says which file is missing before any work', async () => {
    await withFolder(async (folder) => {
      const one = { collection: await writeCollection(folder), data: path.join(folder, 'data'), dump: folder };
      const result = await crawl(one);
      expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(path.join(folder, 'taxa.csv.gz'))]);
    });
  });
});
