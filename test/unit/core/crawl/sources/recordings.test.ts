import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { WinnowError } from '../../../../../src/core/kernel/errors.ts';
import { flickrSource } from '../../../../../src/core/crawl/sources/flickr/flickr.ts';
import { readAnswer } from '../../../../../src/core/crawl/sources/inaturalist/answer.ts';
import {
  observationsSchema,
  readObservations,
} from '../../../../../src/core/crawl/sources/inaturalist/observations.ts';
import { parseTaxa } from '../../../../../src/core/crawl/sources/inaturalist/taxon-directory.ts';
import {
  OBSERVATIONS,
  OBSERVERS,
  PHOTO_COLUMNS,
  readObservation,
  readObserver,
  readPhoto,
  readTaxon,
  TAXA,
} from '../../../../../src/core/crawl/sources/open-data/rows.ts';
import { TsvReader, type TsvColumns } from '../../../../../src/core/crawl/sources/open-data/tsv.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { duckduckgoSource } from '../../../../../src/core/crawl/sources/duckduckgo/duckduckgo.ts';
import { FLICKR_LICENCE_IDS, flickrLicence } from '../../../../../src/core/crawl/sources/flickr/licences.ts';
import type { FoundPhoto } from '../../../../../src/core/crawl/sources/source.ts';
import { queryOf, scripted } from './scripted-api.ts';

/** The number of photos, the first one, and the reasons for results that are not photos. */
function photosText(photos: readonly FoundPhoto[]): string {
  const problems = photos.flatMap(({ problem }) => problem?.reason ?? []);
  const [first] = photos;
  const told = [first?.sourceId, first?.licence, first?.creator, first?.url, first?.pageUrl].join(' ');
  return [`${photos.length} photos${first === undefined ? '' : `: ${told}`}`, ...problems].join(', ');
}

function inaturalist<Answer>(bytes: Buffer, schema: z.ZodType<Answer>): Answer {
  const response = { status: 200, headers: {}, body: bytes.toString(), url: 'https://api.inaturalist.org/v1/recorded' };
  return readAnswer(response, schema, { nowMs: 0, what: 'a recorded answer' });
}

const observations = (bytes: Buffer): string =>
  photosText(
    readObservations(inaturalist(bytes, observationsSchema).results, { wnid: 'n1', size: 'large', idAbove: 0 }).photos,
  );
const taxa = (bytes: Buffer): string => {
  const found = parseTaxa(inaturalist(bytes, z.object({ results: z.array(z.unknown()) })));
  return `${found.length} taxa: ${found[0]?.id} ${found[0]?.rank} ${found[0]?.name} ${found[0]?.ancestorIds[0]}`;
};

const flickrSettings = { url: 'https://api.flickr.com/', apiKey: '', mediaUrl: null, maxSidePixels: 1024 };
const flickrSearch = flickrSource({ ...flickrSettings, licences: 'any' });
const flickr = async (bytes: Buffer): Promise<string> => {
  const api = scripted([bytes.toString()]);
  return photosText((await flickrSearch.nextPage(await queryOf(flickrSearch, [{ text: 'x' }]), null, api)).photos);
};
/** Puts records of photos that were cut out of an answer back into one. */
const flickrRecords = (bytes: Buffer): Promise<string> => {
  const records: unknown = JSON.parse(bytes.toString());
  const photo = Array.isArray(records) ? records : [records];
  const photos = { page: 1, pages: 1, perpage: 500, total: photo.length, photo };
  return flickr(Buffer.from(JSON.stringify({ photos, stat: 'ok' })));
};

const duckduckgoSettings = { url: 'https://duckduckgo.com', maxPages: 5, safeSearch: true, region: 'wt-wt' };
const duckduckgo = async (...answers: readonly string[]): Promise<string> => {
  const search = duckduckgoSource({ ...duckduckgoSettings, userAgent: 'winnow-test/1.0' });
  const api = scripted(answers);
  const { photos } = await search.nextPage(await queryOf(search, ['x']), null, api);
  return `${new URL(api.requests[1]?.url ?? '').searchParams.get('vqd')?.length} characters, ${photosText(photos)}`;
};
const duckduckgoResults = (bytes: Buffer): Promise<string> =>
  duckduckgo('<title>x at DuckDuckGo</title>vqd="4-123456789012345678901234567890"', bytes.toString());
const duckduckgoSearchPage = (bytes: Buffer): Promise<string> => duckduckgo(bytes.toString(), '{"results":[]}');

const rowsOf =
  (columns: TsvColumns, readRow: (cells: readonly string[]) => unknown) =>
  (bytes: Buffer): string => {
    const table = new TsvReader(columns);
    const cells = [...table.push(gunzipSync(bytes).toString()), ...table.end()];
    return `${cells.filter((row) => readRow(row) !== null).length} of ${table.rows} rows`;
  };

type Reader = (bytes: Buffer) => Promise<string> | string;

/** The parser of a recording by its path, or why none reads it. The first match counts. */
const READERS: readonly (readonly [path: RegExp, read: Reader | string])[] = [
  [/SOURCES|LICENSE/, 'a text of licences or of where the recordings are from'],
  [/_v2_get_/, 'v1 is called, not v2'],
  [/get_observation_2\.json/, 'no answer of the site: an object that a client has converted'],
  [/species_counts|get_search|getPublicPhotos|getInfo/, 'the crawl does not call this endpoint'],
  [/_v1_get_.*observation/, observations],
  [/_v1_get_taxa/, taxa],
  [/open-data\/taxa/, rowsOf(TAXA, readTaxon)],
  [/open-data\/observations/, rowsOf(OBSERVATIONS, readObservation)],
  [/open-data\/observers/, rowsOf(OBSERVERS, readObserver)],
  [/open-data\/photos/, rowsOf(PHOTO_COLUMNS, readPhoto)],
  [/image_data|photo_list/, flickrRecords],
  [/flickr\//, flickr],
  [/vqd\.html/, duckduckgoSearchPage],
  [/duckduckgo\//, duckduckgoResults],
];

async function outcomeOf(file: string, read: Reader): Promise<string> {
  try {
    return await read(readFileSync(file));
  } catch (error) {
    if (error instanceof WinnowError) return `${error.name} ${error.code}`;
    throw error;
  }
}

/** Returns a line for every file below a folder: the outcome of its parser, or why it is not read. */
async function accountOf(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (statSync(path.join(folder, name)).isDirectory()) continue;
    const read = READERS.find(([pattern]) => pattern.test(name))?.[1];
    if (read === undefined) throw new Error(`Expected a parser in READERS for ${name}`);
    lines.push(`${name}: ${typeof read === 'string' ? read : await outcomeOf(path.join(folder, name), read)}\n`);
  }
  return lines.join('');
}

const fixtures = path.join(repositoryRoot, 'test', 'fixtures');
/** The folder from which the recordings were copied, for developers who have it. */
const ORIGINALS = process.env['WINNOW_TEST_RECORDINGS'] ?? '';

describe('recorded answers', () => {
  it('are all read by the parser of their endpoint, or have a reason', async () => {
    const account = await accountOf(path.join(fixtures, 'recordings'));
    await expect(account).toMatchFileSnapshot(path.join(fixtures, 'recordings.txt'));
  });

  it('are equal to the originals', async (context) => {
    if (!existsSync(ORIGINALS)) context.skip('WINNOW_TEST_RECORDINGS names no folder of original recordings');
    await expect(accountOf(ORIGINALS)).resolves.toBe(readFileSync(path.join(fixtures, 'recordings.txt'), 'utf8'));
  });
});

/** Flickr's own names of the licences that are not Creative Commons licences. */
const OTHERS: Readonly<Record<string, string>> = {
  0: 'all-rights-reserved',
  7: 'flickr-no-known-copyright-restrictions',
  8: 'flickr-us-government-work',
  9: 'CC0-1.0',
  10: 'CC-PDM-1.0',
};

it('the table of licences contains every licence that Flickr listed in 2025, with its address', () => {
  const file = path.join(repositoryRoot, 'test/fixtures/recordings/flickr/flickr-photos-api__licenses.getInfo.xml');
  const listed = [...readFileSync(file, 'utf8').matchAll(/<license id="(\d+)" name="([^"]*)" url="([^"]*)"/g)];
  expect(listed.length).toBe(FLICKR_LICENCE_IDS.length);
  for (const [, id = '', name = '', url = ''] of listed) {
    const licence = flickrLicence(id);
    // Flickr's link for all rights reserved leads to its own rules.
    expect([id, licence.url]).toEqual([id, id === '0' ? null : url]);
    expect(licence.id).toBe(name.startsWith('CC ') ? name.replaceAll(' ', '-') : OTHERS[id]);
  }
});
