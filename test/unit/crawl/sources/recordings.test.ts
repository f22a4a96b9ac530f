import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { WinnowError } from '../../../../src/kernel/errors.ts';
import { flickrSource } from '../../../../src/crawl/sources/flickr/flickr.ts';
import { readAnswer } from '../../../../src/crawl/sources/inaturalist/answer.ts';
import { observationsSchema, readObservations } from '../../../../src/crawl/sources/inaturalist/observations.ts';
import { parseTaxa } from '../../../../src/crawl/sources/inaturalist/taxon-directory.ts';
import {
  OBSERVATIONS,
  OBSERVERS,
  PHOTOS,
  readObservation,
  readObserver,
  readPhoto,
  readTaxon,
  TAXA,
} from '../../../../src/crawl/sources/open-data/rows.ts';
import { TsvReader, type TsvColumns } from '../../../../src/crawl/sources/open-data/tsv.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { duckduckgoSource } from '../../../../src/crawl/sources/duckduckgo/duckduckgo.ts';
import { FLICKR_LICENCES } from '../../../../src/crawl/sources/flickr/licences.ts';
import type { FoundPhoto } from '../../../../src/crawl/sources/source.ts';
import { queryOf, scripted } from './scripted-api.ts';

/** How a recording is handled: read by its parser, or not read for a reason. */
type Expectation = { readonly read: (bytes: Buffer) => Promise<string> | string; readonly gives: string } | string;

const parsed = (read: (bytes: Buffer) => Promise<string> | string, gives: string): Expectation => ({ read, gives });

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

const BLOCKED = 'SourceBlocked duckduckgo-blocked';
const LEGAL = 'a text of licences or of where the recordings are from';
const V2 = 'v1 is called, not v2';

const RECORDINGS: Readonly<Record<string, Readonly<Record<string, Expectation>>>> = {
  inaturalist: {
    'SOURCES.md': LEGAL,
    'LICENSE-MIT.txt': LEGAL,
    'pyinaturalist__v1_get_nonexistent_observation.json': parsed(observations, '0 photos'),
    'pyinaturalist__v1_get_observation.json': parsed(
      observations,
      '2 photos: 24355315 CC-BY-4.0 Nicolas Noé https://static.inaturalist.org/photos/24355315/large.jpeg https://www.inaturalist.org/observations/16227955',
    ),
    'pyinaturalist__v1_get_observations_by_id.json': parsed(
      observations,
      '2 photos: 24355315 CC-BY-4.0 Nicolas Noé https://inaturalist-open-data.s3.amazonaws.com/photos/24355315/large.jpeg https://www.inaturalist.org/observations/16227955',
    ),
    'pyinaturalist__v1_get_observation_with_sounds.json': parsed(
      observations,
      '2 photos: 139206257 CC0-1.0 Tom August https://inaturalist-open-data.s3.amazonaws.com/photos/139206257/large.png https://www.inaturalist.org/observations/84681407',
    ),
    'pyinaturalist__v1_get_observations_page1.json': parsed(
      observations,
      '1 photos: 92152429 CC-BY-NC-4.0 samroom https://static.inaturalist.org/photos/92152429/large.jpg https://www.inaturalist.org/observations/57754375',
    ),
    'pyinaturalist__v1_get_observations_page2.min.json': parsed(
      observations,
      '1 photos: 92075215 all-rights-reserved ingridt3 https://static.inaturalist.org/photos/92075215/large.jpg https://www.inaturalist.org/observations/57707611',
    ),
    'pyinaturalist__v1_get_taxa.json': parsed(taxa, '30 taxa: 70118 species Nicrophorus vespilloides 48460'),
    'pyinaturalist__v1_get_taxa_autocomplete.json': parsed(taxa, '10 taxa: 52747 family Vespidae 48460'),
    'pyinaturalist__v1_get_taxa_by_id.json': parsed(taxa, '1 taxa: 70118 species Nicrophorus vespilloides 48460'),
    'pyinaturalist__v1_get_observation_2.json': 'no answer of the site: an object that a client has converted',
    'pyinaturalist__v1_get_observation_species_counts.json': 'counts of species are not asked for',
    'pyinaturalist__v1_get_search.json': 'names are looked up among taxa alone',
    'pyinaturalist__v2_get_observations_full.json': V2,
    'pyinaturalist__v2_get_observations_minimal.json': V2,
    'pyinaturalist__v2_get_taxa_full.json': V2,
    'pyinaturalist__v2_get_taxa_minimal.json': V2,
  },
  'inaturalist-open-data': {
    'SOURCES.md': LEGAL,
    'LICENSE-MIT.txt': LEGAL,
    'taxa.csv.gz': parsed(rowsOf(TAXA, readTaxon), '183 of 183 rows'),
    'observations.csv.gz': parsed(rowsOf(OBSERVATIONS, readObservation), '32 of 32 rows'),
    'observers.csv.gz': parsed(rowsOf(OBSERVERS, readObserver), '23 of 23 rows'),
    'photos.csv.gz': parsed(rowsOf(PHOTOS, readPhoto), '37 of 37 rows'),
  },
  flickr: {
    'SOURCES.md': LEGAL,
    'LICENSES.txt': LEGAL,
    'openverse__flickr_example_pretty.json': parsed(
      flickr,
      '30 photos: 49514337848 CC-BY-NC-SA-2.0 markustrois https://live.staticflickr.com/65535/49514337848_bbdbb5f761_b.jpg https://www.flickr.com/photos/7478087%40N06/49514337848',
    ),
    'openverse__flickr_example_photo_list.json': parsed(
      flickrRecords,
      '30 photos: 49514337848 CC-BY-NC-SA-2.0 markustrois https://live.staticflickr.com/65535/49514337848_bbdbb5f761_b.jpg https://www.flickr.com/photos/7478087%40N06/49514337848',
    ),
    'openverse__image_data_complete_example.json': parsed(
      flickrRecords,
      '1 photos: 49514824541 CC-BY-NC-SA-2.0 Marine Explorer https://live.staticflickr.com/65535/49514824541_35d1b4f8db_b.jpg https://www.flickr.com/photos/71925535%40N03/49514824541',
    ),
    'openverse__image_data_sub_provider_example.json': parsed(
      flickrRecords,
      '1 photos: 49950595947 CC-BY-NC-SA-2.0 NASA HQ PHOTO https://live.staticflickr.com/65535/49950595947_65a3560ddc_b.jpg https://www.flickr.com/photos/35067687%40N04/49950595947',
    ),
    'openverse__image_data_with_large_url_available.json': parsed(
      flickrRecords,
      '1 photos: 456 CC-BY-NC-ND-2.0 RADIOfotoGRAFIANDO https://live.staticflickr.com/456_b.jpg https://www.flickr.com/photos/456%40N04/456',
    ),
    'openverse__image_data_with_med_url_available.json': parsed(
      flickrRecords,
      '1 photos: 456 CC-BY-NC-ND-2.0 RADIOfotoGRAFIANDO https://live.staticflickr.com/456.jpg https://www.flickr.com/photos/456%40N04/456',
    ),
    'openverse__image_data_with_small_url_available.json': parsed(
      flickrRecords,
      '1 photos: 456 CC-BY-NC-ND-2.0 RADIOfotoGRAFIANDO https://live.staticflickr.com/456_m.jpg https://www.flickr.com/photos/456%40N04/456',
    ),
    'openverse__image_data_no_image_url.json': parsed(
      flickrRecords,
      '1 photos: 456 CC-BY-NC-ND-2.0 RADIOfotoGRAFIANDO  https://www.flickr.com/photos/456%40N04/456, unreadable',
    ),
    'cccatalog__total_pages_but_no_image_list.json': parsed(flickr, 'RetryLater flickr-incomplete'),
    'flickrapi__photos.search_kitten_per100.xml': parsed(flickr, 'RetryLater flickr-unparsable'),
    'flickr-photos-api__error_201.xml': parsed(flickr, 'RetryLater flickr-unavailable'),
    'flickr-photos-api__error_201_json_body_under_text_xml.txt': parsed(flickr, 'RetryLater flickr-unavailable'),
    'flickr-photos-api__error_100_bad_api_key.xml': parsed(flickr, 'SourceBlocked flickr-key'),
    'flickr-photos-api__error_99.xml': parsed(flickr, 'SourceBlocked flickr-key'),
    'flickr-photos-api__error_1_photo_not_found.xml': parsed(flickr, 'GiveUpOnItem flickr-query'),
    'flickr-photos-api__licenses.getInfo.xml':
      'the crawl does not call this endpoint: the table of licences is checked against it',
    'flickr-photos-api__people.getPublicPhotos_extras.xml': 'photos of one person are not asked for',
    'flickr-photos-api__photos.getInfo.xml': 'single photos are not requested: the search has what is needed',
  },
  duckduckgo: {
    'SOURCES.md': LEGAL,
    'duck-duck-scrape__LICENSE.txt': LEGAL,
    'duck-duck-scrape__default.json': parsed(
      duckduckgoResults,
      '32 characters, 100 photos: 824cdb29a7a7e46e777fcf5773892266 unknown  https://www.gamepur.com/files/images/2019-11/minecraft-earth-how-to-craft-and-smelt.jpg https://www.gamepur.com/guide/44494-minecraft-earth-how-craft-smelt.html',
    ),
    'duck-duck-scrape__strict.json': parsed(
      duckduckgoResults,
      '32 characters, 100 photos: 824cdb29a7a7e46e777fcf5773892266 unknown  https://www.gamepur.com/files/images/2019-11/minecraft-earth-how-to-craft-and-smelt.jpg https://www.gamepur.com/guide/44494-minecraft-earth-how-craft-smelt.html',
    ),
    'duck-duck-scrape__noResults.json': parsed(duckduckgoResults, '32 characters, 0 photos'),
    'duck-duck-scrape__vqd.html': parsed(duckduckgoSearchPage, '81 characters, 0 photos'),
    'duck-duck-scrape__no-vqd.html': parsed(duckduckgoSearchPage, 'RetryLater duckduckgo-no-token'),
    'duck-duck-scrape__anomalyDetectionBlock.js': parsed(duckduckgoResults, BLOCKED),
    'duck-duck-scrape__506.js': parsed(duckduckgoResults, 'RetryLater http-5xx'),
  },
};

async function outcomeOf(file: string, read: (bytes: Buffer) => Promise<string> | string): Promise<string> {
  try {
    return await read(readFileSync(file));
  } catch (error) {
    if (error instanceof WinnowError) return `${error.name} ${error.code}`;
    throw error;
  }
}

/** Returns a line for every file below a folder, whether it is read or has a reason. */
async function accountOf(folder: string): Promise<{ account: string[]; expected: string[] }> {
  const account: string[] = [];
  const expected: string[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (statSync(path.join(folder, name)).isDirectory()) continue;
    const [source = '', file = ''] = name.split(path.sep);
    const known = RECORDINGS[source]?.[file] ?? 'nobody knows what it is';
    const gives = typeof known === 'string' ? `not read: ${known}` : known.gives;
    expected.push(
      `${name}: ${gives.replace('nobody knows what it is', 'either read by a parser, or listed with why not')}`,
    );
    account.push(
      `${name}: ${typeof known === 'string' ? gives : await outcomeOf(path.join(folder, name), known.read)}`,
    );
  }
  return { account, expected };
}

/** The folder from which the recordings were copied, for developers who have it. */
const ORIGINALS = process.env['WINNOW_TEST_RECORDINGS'] ?? '';

describe('recorded answers', () => {
  it('are all read by the parser of their endpoint, or have a reason', async () => {
    const folder = path.join(repositoryRoot, 'test', 'fixtures', 'recordings');
    const { account, expected } = await accountOf(folder);
    expect(account).toEqual(expected);
    expect(account).toHaveLength(Object.values(RECORDINGS).flatMap((files) => Object.keys(files)).length);
  });

  it('are equal to the originals', async (context) => {
    if (!existsSync(ORIGINALS)) context.skip('WINNOW_TEST_RECORDINGS names no folder of original recordings');
    const { account, expected } = await accountOf(ORIGINALS);
    expect(account).toEqual(expected);
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
  expect(listed.length).toBe(FLICKR_LICENCES.length);
  for (const [, id = '', name = '', url = ''] of listed) {
    const licence = FLICKR_LICENCES[Number(id)];
    // Flickr's link for all rights reserved leads to its own rules.
    expect([id, licence?.url]).toEqual([id, id === '0' ? null : url]);
    expect(licence?.id).toBe(name.startsWith('CC ') ? name.replaceAll(' ', '-') : OTHERS[id]);
  }
});
