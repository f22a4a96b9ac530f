import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../../src/core/config/load-config.ts';
import { commonsSource } from '../../../../../src/core/crawl/sources/commons/commons.ts';
import { readSearch } from '../../../../../src/core/crawl/sources/commons/answer.ts';
import { commonsPhoto } from '../../../../../src/core/crawl/sources/commons/photo.ts';
import {
  commonsCreator,
  commonsLicence,
  originOf,
  takenAtOf,
} from '../../../../../src/core/crawl/sources/commons/rights.ts';
import type { Json } from '../../../../../src/core/crawl/sources/network-source.ts';
import { outcomeOf, planOf, queryOf, scripted, type Script } from './scripted-api.ts';

const { config } = await loadConfig({ argvSettings: [], configFile: undefined, collectionSettings: undefined });
const settings = config.sources.commons;
const source = commonsSource(settings);
const SEARCH = [{ text: '"manta ray"' }];

type Fields = Readonly<Record<string, string>>;
const fieldOf = (fields: Fields) => (name: string) => fields[name] ?? '';
const FREE = { License: 'cc0', LicenseUrl: 'http://creativecommons.org/publicdomain/zero/1.0/deed.en' };

const image = (more: object = {}, fields: Fields = FREE) => ({
  url: 'https://upload.wikimedia.org/a.jpg?utm_source=x&v=2',
  thumburl: '//thumb.wikimedia.org/960px-a.jpg?utm_source=x',
  width: 4000,
  height: 3000,
  descriptionurl: 'https://commons.wikimedia.org/wiki/File:A.jpg',
  extmetadata: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { value }])),
  ...more,
});
const page = (pageid: number, more: object = { imageinfo: [image()] }) => ({
  pageid,
  title: `File:Ray ${pageid}.jpg`,
  ...more,
});
const body = (pages: readonly unknown[], more: object = { batchcomplete: true }) =>
  JSON.stringify({ query: { pages }, ...more });

async function take(answer: Script, cursor: Json = null) {
  const api = scripted([answer]);
  const result = source.nextPage(await queryOf(source, SEARCH), cursor, api);
  return { result, outcome: await outcomeOf(result), sent: new URL(api.requests[0]?.url ?? '').searchParams };
}

describe('planning a class on Wikimedia Commons', () => {
  it('searches by statements, text and categories, in the order of its line', async () => {
    const line = [{ depicts: 'Q144' }, { text: 'ray -car' }, { category: 'Rays' }];
    const { queries, problems } = await planOf(source, line);
    expect([queries.map(({ key }) => key), problems]).toEqual([
      ['haswbstatement:P180=Q144', 'ray -car', 'incategory:"Rays"'],
      [],
    ]);
  });

  it('does not search a name of one word without a line', async () => {
    const wanted = { wnid: 'n02112018', scientificName: null, entry: undefined };
    const api = scripted([]);
    expect(await source.plan({ ...wanted, name: 'crane' }, api)).toMatchObject({
      queries: [],
      notes: [expect.stringContaining('not searched')],
    });
    expect((await source.plan({ ...wanted, name: 'toy poodle' }, api)).queries).toMatchObject([
      { key: '"toy poodle"' },
    ]);
  });

  it.each<Json>([7, {}, { depicts: '144' }, { depicts: 'Q1', text: 'x' }, { text: ' ' }])(
    'reports the odd search %j',
    async (odd) => {
      const { queries, problems } = await planOf(source, [odd, { text: 'ray' }]);
      expect([queries.length, problems]).toEqual([1, [expect.stringContaining(`received ${JSON.stringify(odd)}`)]]);
    },
  );
});

describe('a page of results', () => {
  it('may come in parts: each file is counted once, and all of `continue` is sent back', async () => {
    const sendBack = { iicontinue: 'x|2', continue: '||' };
    const first = await take(body([page(1), page(2, {}), page(3, {})], { continue: sendBack }));
    expect((await first.result).photos.map(({ sourceId }) => sourceId)).toEqual(['1']);
    const last = await take(body([page(1, {}), page(2), page(3, {})]), (await first.result).next);
    expect(Object.fromEntries(last.sent)).toMatchObject(sendBack);
    const { photos, next, resume } = await last.result;
    expect(photos.map(({ sourceId, problem }) => [sourceId, problem?.reason])).toEqual([
      ['2', undefined],
      ['3', 'unreadable'],
    ]);
    expect([next, resume]).toEqual([null, { after: '2026-01-02' }]);
  });

  it('beyond 10,000 results is cut into windows of upload dates', async () => {
    const first = await take(body([page(1)], { batchcomplete: true, continue: { gsroffset: 9_950, continue: '-||' } }));
    const capped = await take(
      JSON.stringify({ error: { code: 'cirrussearch-offset-too-large' } }),
      (await first.result).next,
    );
    const newer = await take(body([page(1)]), (await capped.result).next);
    const older = await take(body([page(1)]), (await newer.result).next);
    const dates = [newer, older].map(({ sent }) => /creation.*/.exec(sent.get('gsrsearch') ?? '')?.[0]);
    expect(dates).toEqual([
      'creationdate:>=2015-05-07 creationdate:<=2026-01-02',
      'creationdate:>=2004-09-07 creationdate:<=2015-05-06',
    ]);
    expect((await older.result).next).toBeNull();
  });

  it.each<[Script, string]>([
    [{ status: 503 }, 'RetryLater http-5xx'],
    [{ status: 429, body: '<html>' }, 'RetryLater rate-limited'],
    [{ status: 403, body: 'honor our robot policy' }, 'SourceBlocked commons-blocked'],
    ['<html></html>', 'RetryLater commons-unparsable'],
    ['{"error":{"code":"maxlag","lag":7}}', 'RetryLater maxlag'],
    ['{"error":{"code":"ratelimited"}}', 'RetryLater ratelimited'],
    ['{"error":{"code":"cirrussearch-too-busy-error"}}', 'RetryLater cirrussearch-too-busy-error'],
    ['{"error":{"code":"badvalue"}}', 'GiveUpOnItem commons-query'],
    [body(['no page', page(1)]), '2 photos'],
    ['{"batchcomplete":true}', '0 photos'],
  ])('the answer %j is %s', async (answer, outcome) => {
    expect((await take(answer)).outcome).toBe(outcome);
  });
});

describe('a file of Wikimedia Commons', () => {
  const photoOf = (info: object, { title = 'File:A.jpg', wnid = 'n01498041' } = {}) => {
    const answer = readSearch(
      { status: 200, headers: {}, url: '', body: body([{ pageid: 1, title, imageinfo: [info] }]) },
      0,
    );
    const [file] = answer?.files ?? [];
    if (file === undefined) throw new Error('no file');
    return commonsPhoto(file, { ...settings, wnid });
  };

  it('is the scaled picture of the answer, or the original if that is narrower, without tracking', () => {
    expect(photoOf(image()).url).toBe('https://thumb.wikimedia.org/960px-a.jpg');
    expect(photoOf(image({ width: 960 })).url).toBe('https://upload.wikimedia.org/a.jpg?v=2');
    // The original may be of hundreds of megapixels.
    expect(photoOf(image({ thumburl: undefined })).problem).toMatchObject({ state: 'failed', reason: 'unreadable' });
  });

  it.each<[string, string | undefined, string?]>([
    ['File:Old map of Ghent.jpg', 'not-a-photo-title'],
    ['File:Coats_of_arms.png', undefined],
    ['File:Coat_of_arms of X.png', 'not-a-photo-title'],
    ['File:Two stamps.jpg', 'not-a-photo-title'],
    ['File:Maple leaf.jpg', undefined],
    ['File:Scan of a menu.jpg', undefined, 'n07565083'],
  ])('titled %j is dropped as %s', (title, reason, wnid) => {
    expect(photoOf(image(), { title, ...(wnid === undefined ? {} : { wnid }) }).problem?.reason).toBe(reason);
  });

  it.each<[Fields, string | undefined]>([
    [{ ...FREE, NonFree: 'true' }, 'licence-not-allowed'],
    [{ ...FREE, DeletionReason: 'x' }, 'licence-not-allowed'],
    [{}, 'licence-not-allowed'],
    [{ ...FREE, Categories: 'Rays|AI-generated images' }, 'ai-generated'],
    [{ ...FREE, Categories: 'Images generated by Midjourney' }, 'ai-generated'],
    [{ ...FREE, Categories: 'Artificial intelligence-generated images' }, 'ai-generated'],
    [{ ...FREE, Categories: 'Images created with Stable Diffusion' }, 'ai-generated'],
    [{ ...FREE, Categories: 'Images created by Gemini Observatory' }, undefined],
    [FREE, undefined],
  ])('with %j is dropped as %s', (fields, reason) => {
    expect(photoOf(image({}, fields)).problem?.reason).toBe(reason);
  });

  it('has a creator, restrictions, an origin and the size of the original', () => {
    const fields = {
      ...FREE,
      Artist: '<b>A</b>',
      Restrictions: 'trademarked|personality',
      Credit: '<a href="https://www.flickr.com/photos/x@N01/123">',
      DateTimeOriginal: '<time class="dtstart" datetime="2015-06-01">1 June 2015</time>',
    };
    expect(photoOf(image({ timestamp: '2016-07-02T10:00:00Z' }, fields))).toMatchObject({
      creator: 'A',
      restrictions: ['personality', 'trademarked'],
      origin: 'flickr:123',
      originalWidth: 4000,
      originalHeight: 3000,
      takenAt: '2015-06-01',
      uploadedAt: '2016-07-02',
    });
    expect(takenAtOf(fieldOf({ DateTimeOriginal: 'between 2015-06-01 and 2015-06-09' }))).toBeNull();
    expect(originOf(fieldOf({ Credit: 'https://www.flickr.com/photos/72213316%40N00/234/' }))).toBe('flickr:234');
    expect(originOf(fieldOf({ Credit: 'https://www.inaturalist.org/photos/77' }))).toBe('inaturalist:77');
    expect(originOf(fieldOf({ Credit: 'https://www.inaturalist.org/observations/77' }))).toBeNull();
  });

  it.each<[Fields, string | null]>([
    [{ Artist: '<div class="fn value">\nJona Lendering</div>' }, 'Jona Lendering'],
    [
      { Artist: '<a href="https://www.flickr.com/people/1">Jeff &amp; Brian</a> from Eastbourne' },
      'Jeff & Brian from Eastbourne',
    ],
    [{ Artist: 'A', Attribution: 'Photo by <a href="//x">B</a>' }, 'Photo by B'],
    [{ Artist: 'John<br>Jane <ul><li>Ann</li><li>Bo</li></ul><i>C</i>.' }, 'John Jane Ann Bo C.'],
    [{ Artist: 'A', AuthorCount: '3' }, 'A and 2 more'],
    [{ Artist: 'Unknown author<span style="display: none;">Unknown author</span>' }, 'Unknown author'],
    [{}, null],
  ])('of %j is by %s', (fields, creator) => {
    expect(commonsCreator(fieldOf(fields))).toBe(creator);
  });
});

/** Address, slug and short name as answers have them, and what winnow says. */
const CC = 'https://creativecommons.org/licenses';
const LICENCES: readonly (readonly [address: string, slug: string, name: string, licence: string | null])[] = [
  // By the address, with or without a slash, a language, a protocol.
  [`${CC}/by-sa/4.0`, 'cc-by-sa-4.0', 'CC BY-SA 4.0', 'CC-BY-SA-4.0'],
  [`${CC}/by-sa/4.0`, '', '', 'CC-BY-SA-4.0'],
  [`${CC}/by/2.0/deed.en`, 'cc-by-2.0', 'CC BY 2.0', 'CC-BY-2.0'],
  [`${CC}/by-sa/3.0/de/deed.en`, 'cc-by-sa-3.0-de', 'CC BY-SA 3.0 de', 'CC-BY-SA-3.0-DE'],
  ['//creativecommons.org/licenses/by/3.0/', 'cc-by-3.0', 'CC BY 3.0', 'CC-BY-3.0'],
  ['http://creativecommons.org/publicdomain/zero/1.0/deed.en', 'cc0', 'CC0', 'CC0-1.0'],
  ['https://creativecommons.org/publicdomain/mark/1.0/', 'pd', 'Public domain', 'CC-PDM-1.0'],
  [`${CC}/publicdomain/`, 'pd', 'CC-PD', 'CC-PDDC'],
  [`${CC}/by-nc/4.0/`, '', 'CC BY-NC 4.0', 'CC-BY-NC-4.0'],
  [`${CC}/by-nc-nd/3.0/`, 'cc-by-3.0', 'CC BY 3.0', 'CC-BY-NC-ND-3.0'],
  // By the slug, where the address is missing or of another site. Ports are kept.
  ['', 'cc-by-sa-4.0', 'CC BY-SA 4.0', 'CC-BY-SA-4.0'],
  ['', 'cc-by-sa-3.0-nl', 'CC BY-SA 3.0 nl', 'CC-BY-SA-3.0-NL'],
  ['', 'cc-by-2.0-scotland', '', 'CC-BY-2.0-SCOTLAND'],
  ['', 'cc-by-2.1-jp', '', 'CC-BY-2.1-JP'],
  ['', 'cc-by-sa-2.5', '', 'CC-BY-SA-2.5'],
  ['', 'cc-by-1.0', '', 'CC-BY-1.0'],
  ['', 'cc-sa-1.0', '', 'CC-SA-1.0'],
  ['', 'cc0', 'CC0', 'CC0-1.0'],
  ['https://example.org/rights', 'cc-by-4.0', '', 'CC-BY-4.0'],
  ['http://www.gnu.org/copyleft/fdl.html', 'gfdl', 'GFDL', 'GFDL'],
  // The public domain without an address may be that of the work in the photo.
  ['', 'pd', 'Public domain', 'unknown'],
  ['', '', 'Public domain', 'unknown'],
  ['', 'cc-pd', 'CC-PD', 'unknown'],
  ['https://www.usa.gov/government-works', 'pd', 'Public domain', 'Public-Domain'],
  ['ftp://example.org/', 'pd', 'Public domain', 'unknown'],
  // By the short name: licences that have no slug.
  ['', '', 'CC BY-NC-SA 3.0', 'CC-BY-NC-SA-3.0'],
  ['', '', 'CC BY-ND 2.0', 'CC-BY-ND-2.0'],
  ['', '', 'GFDL 1.2', 'GFDL-1.2-only'],
  ['', '', 'FAL', 'LAL-1.3'],
  ['http://artlibre.org/licence/lal/en', '', 'FAL', 'LAL-1.3'],
  ['http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/', '', 'OGL 3', 'OGL-UK-3.0'],
  ['', '', 'Copyrighted free use', 'Copyrighted-free-use'],
  // Words that no rule knows stay as they are, and no list allows them by mistake.
  ['https://www.flickr.com/commons/usage/', '', 'No restrictions', 'No restrictions'],
  ['', '', 'Attribution', 'Attribution'],
  ['', '', 'KOGL Type 1', 'KOGL Type 1'],
  ['', 'cc-by-2.0-foo', '', 'cc-by-2.0-foo'],
  ['', '', 'CC BY-SA 2.5, 2.0, 1.0', 'CC BY-SA 2.5, 2.0, 1.0'],
  ['', '', 'Fair use', 'Fair use'],
  // Unversioned: which licence it is cannot be known.
  ['', '', 'CC BY-SA', 'CC-BY-SA'],
  ['', '', '', null],
];

describe('the licence of a file', () => {
  it.each(LICENCES)('%j, %j, %j is %s', (...row) => {
    const [LicenseUrl, License, LicenseShortName, licence] = row;
    const said = commonsLicence(fieldOf({ LicenseUrl, License, LicenseShortName }), false);
    expect(said?.id ?? null).toBe(licence);
  });

  it('may be the public domain by its slug alone if the settings say so', () => {
    expect(commonsLicence(fieldOf({ License: 'pd' }), true)?.id).toBe('Public-Domain');
  });
});
