import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RetryLater, SourceBlocked } from '../../../../../src/kernel/errors.ts';
import { flickrSource } from '../../../../../src/crawl/sources/flickr/flickr.ts';
import { FLICKR_LICENCES } from '../../../../../src/crawl/sources/flickr/licences.ts';
import { answer, queryFor, recording, RECORDINGS, results, scripted, SETTINGS } from './support.ts';

/** Recordings of endpoints that the crawl does not call, and why they are kept. */
const NOT_ASKED_FOR: Readonly<Record<string, string>> = {
  'flickr-photos-api__licenses.getInfo.xml':
    'flickr.photos.licenses.getInfo: the table of licences is checked against it',
  'flickr-photos-api__people.getPublicPhotos_extras.xml': 'flickr.people.getPublicPhotos: photos of one person',
  'flickr-photos-api__photos.getInfo.xml': 'flickr.photos.getInfo: one photo; the search has what is needed',
};

const read = async (body: string) =>
  flickrSource(SETTINGS).nextPage(await queryFor({ text: 'x' }), null, scripted(answer(body)));
const readOne = async (name: string) => {
  const page = await flickrSource(SETTINGS).nextPage(
    await queryFor({ text: 'x' }),
    null,
    scripted(results([JSON.parse(recording(name))])),
  );
  return page.photos;
};

describe('recorded answers of flickr.photos.search', () => {
  it('of 2020 contain 30 photos, each with its address, page, creator and licence', async () => {
    const page = await read(recording('openverse__flickr_example_pretty.json'));
    expect([page.photos.length, page.total, page.next]).toEqual([30, 30, null]);
    expect(page.photos.filter(({ problem }) => problem !== null)).toEqual([]);
    expect(page.photos[0]).toEqual({
      source: 'flickr',
      sourceId: '49514337848',
      label: 'n01498041',
      url: 'https://live.staticflickr.com/65535/49514337848_bbdbb5f761_b.jpg',
      pageUrl: 'https://www.flickr.com/photos/7478087%40N06/49514337848',
      creator: 'markustrois',
      licence: 'CC-BY-NC-SA-2.0',
      licenceUrl: 'https://creativecommons.org/licenses/by-nc-sa/2.0/',
      problem: null,
    });
  });

  it('contain the same photos if only the list was kept', async () => {
    const list: unknown[] = JSON.parse(recording('openverse__flickr_example_photo_list.json'));
    const { photos } = await flickrSource(SETTINGS).nextPage(
      await queryFor({ text: 'x' }),
      null,
      scripted(results(list)),
    );
    expect([photos.length, photos.filter(({ problem }) => problem !== null)]).toEqual([30, []]);
  });

  it.each([
    ['openverse__image_data_complete_example.json', '35d1b4f8db_b.jpg'],
    ['openverse__image_data_sub_provider_example.json', '_b.jpg'],
    ['openverse__image_data_with_large_url_available.json', '456_b.jpg'],
    ['openverse__image_data_with_med_url_available.json', '456.jpg'],
    ['openverse__image_data_with_small_url_available.json', '456_m.jpg'],
  ])('give the largest existing size: %s', async (name, ending) => {
    const photos = await readOne(name);
    expect(photos).toMatchObject([{ url: expect.stringContaining(ending), problem: null }]);
  });

  it('fail a photo that only has a thumbnail', async () => {
    expect(await readOne('openverse__image_data_no_image_url.json')).toMatchObject([
      {
        sourceId: '456',
        url: '',
        problem: { state: 'failed', reason: 'unreadable', detail: 'Flickr offers no size of it' },
      },
    ]);
  });

  it('are requested again if they say "ok" without a list of photos', async () => {
    await expect(read(recording('cccatalog__total_pages_but_no_image_list.json'))).rejects.toThrow(RetryLater);
  });

  it('are requested again if they come as XML', async () => {
    await expect(read(recording('flickrapi__photos.search_kitten_per100.xml'))).rejects.toThrow(RetryLater);
  });

  it.each(['flickr-photos-api__error_201.xml', 'flickr-photos-api__error_201_json_body_under_text_xml.txt'])(
    'are retried later if the service is down: %s',
    async (name) => {
      await expect(read(recording(name))).rejects.toThrow(RetryLater);
      await expect(read(recording(name))).rejects.toThrow(
        "error 201: 'Sorry, the Flickr API service is not currently available.'",
      );
    },
  );

  it.each([
    ['flickr-photos-api__error_100_bad_api_key.xml', "error 100: 'Invalid API Key (Key has invalid format)'"],
    ['flickr-photos-api__error_99.xml', 'error 99'],
  ])('block the source if the key is refused: %s', async (name, message) => {
    await expect(read(recording(name))).rejects.toThrow(SourceBlocked);
    await expect(read(recording(name))).rejects.toThrow(message);
    await expect(read(recording(name))).rejects.toThrow('FLICKR_API_KEY');
  });

  it('give up only the query if it has an error of its own, and quote the error', async () => {
    await expect(read(recording('flickr-photos-api__error_1_photo_not_found.xml'))).rejects.toMatchObject({
      name: 'GiveUpOnItem',
      code: 'flickr-query',
      message: expect.stringContaining(`error 1: 'Photo "1" not found (invalid ID)'`),
    });
  });

  it('are all read in this file, except those of other methods', () => {
    const named = new Set([
      ...Object.keys(NOT_ASKED_FOR),
      'openverse__flickr_example_pretty.json',
      'openverse__flickr_example_photo_list.json',
      'openverse__image_data_complete_example.json',
      'openverse__image_data_sub_provider_example.json',
      'openverse__image_data_with_large_url_available.json',
      'openverse__image_data_with_med_url_available.json',
      'openverse__image_data_with_small_url_available.json',
      'openverse__image_data_no_image_url.json',
      'cccatalog__total_pages_but_no_image_list.json',
      'flickrapi__photos.search_kitten_per100.xml',
      'flickr-photos-api__error_201.xml',
      'flickr-photos-api__error_201_json_body_under_text_xml.txt',
      'flickr-photos-api__error_100_bad_api_key.xml',
      'flickr-photos-api__error_99.xml',
      'flickr-photos-api__error_1_photo_not_found.xml',
    ]);
    const files = readdirSync(RECORDINGS).filter((name) => name.includes('__'));
    expect(files.filter((name) => !named.has(name))).toEqual([]);
  });
});

/** The names of the other licences here. */
const OTHERS: Readonly<Record<string, string>> = {
  0: 'all-rights-reserved',
  7: 'flickr-no-known-copyright-restrictions',
  8: 'flickr-us-government-work',
  9: 'CC0-1.0',
  10: 'CC-PDM-1.0',
};

describe('the table of licences', () => {
  it('contains every licence that Flickr listed in 2025, with its address', () => {
    const listed = [
      ...recording('flickr-photos-api__licenses.getInfo.xml').matchAll(
        /<license id="(\d+)" name="([^"]*)" url="([^"]*)"/g,
      ),
    ];
    expect(listed.length).toBe(FLICKR_LICENCES.length);
    for (const [, id = '', name = '', url = ''] of listed) {
      const licence = FLICKR_LICENCES[Number(id)];
      // Flickr's link for all rights reserved leads to its own rules.
      expect([id, licence?.url]).toEqual([id, id === '0' ? null : url]);
      expect(licence?.id).toBe(name.startsWith('CC ') ? name.replaceAll(' ', '-') : OTHERS[id]);
    }
  });
});
