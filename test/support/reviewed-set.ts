import { constants } from 'node:fs';
import { cp, readdir, readFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { expect, inject } from 'vitest';
import { withFileLock } from '../../src/core/platform/lock/file-lock.ts';
import type { ShortlistLine } from '../../src/core/shortlist/shortlist-csv.ts';
import { withCameraFacts } from './photo-metadata.ts';
import { keepCatalogueOf, useCopyOf } from './shared-server.ts';
import { jsonLines, repositoryRoot, winnow } from './winnow.ts';

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');

/** A picture of the set: a sample under the class of another one, so that the filter keeps it. */
export interface SetPhoto {
  /** In the folder of photos, without its class. */
  readonly name: string;
  readonly licence: string;
  readonly creator: string;
  readonly pageUrl: string;
  readonly write: (bytes: Buffer) => Promise<Buffer>;
}

const asItIs = async (bytes: Buffer): Promise<Buffer> => bytes;
const page = (number: number): string => `https://www.inaturalist.org/photos/${number}`;

/** One photo in each form that a source may give, with rights and creators that tables and readers have trouble with. */
export const SET_PHOTOS: readonly SetPhoto[] = [
  { name: 'plain.jpg', licence: 'CC-BY-4.0', creator: 'Ana Ñandú', pageUrl: page(1), write: asItIs },
  {
    name: 'turned.jpg',
    licence: 'CC-BY-NC-4.0',
    creator: 'NA',
    pageUrl: page(2),
    write: (bytes) => sharp(bytes).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  },
  {
    name: 'glass.png',
    licence: 'CC0-1.0',
    creator: '"Quoted", a\u2028name; =SUM(A1)',
    pageUrl: page(3),
    write: (bytes) => sharp(bytes).ensureAlpha(0.5).png().toBuffer(),
  },
  {
    name: 'deep.png',
    licence: 'CC-BY-SA-3.0',
    creator: '',
    pageUrl: '',
    write: (bytes) => sharp(bytes).greyscale().toColourspace('grey16').png().toBuffer(),
  },
  {
    name: 'web.webp',
    licence: 'CC-BY-ND-2.0',
    creator: 'null',
    pageUrl: page(5),
    write: (bytes) => sharp(bytes).webp().toBuffer(),
  },
  {
    name: 'flat.png',
    licence: 'Public-Domain',
    creator: '名前 *_[x](y)',
    pageUrl: page(6),
    write: (bytes) => sharp(bytes).png().toBuffer(),
  },
  {
    name: 'phone.jpg',
    licence: 'CC-BY-4.0',
    creator: 'Ana',
    pageUrl: page(8),
    write: async (bytes) => withCameraFacts(bytes),
  },
  { name: 'mine.jpg', licence: 'all-rights-reserved', creator: 'Ben', pageUrl: page(7), write: asItIs },
  { name: 'orphan.jpg', licence: '', creator: '', pageUrl: '', write: asItIs },
];

/** The set's photos are of each class, so that there are several folders. */
export const SET_WNIDS = ['n01440764', 'n01443537', 'n01514668'] as const;

export interface ReviewedSet {
  readonly collection: string;
  readonly data: string;
  readonly listed: readonly ShortlistLine[];
}

const REVIEWERS: readonly [string, string?] = ['Zoë Reviewer', 'Ben Reviewer'];
const WAIT_MS = 200_000;

/**
 * Photos that were crawled, filtered and listed, with the verdicts of people: all are accepted, but the last listed one is
 * rejected and the one before it is not reviewed. The second person looks at every fourth photo. The first test file that asks for
 * the set of the usual reviewers makes it. Others get copies. The file calls `useSharedServer`.
 *
 * @param folder an empty folder
 */
export async function makeReviewedSet(folder: string, reviewers = REVIEWERS): Promise<ReviewedSet> {
  if (reviewers !== REVIEWERS) return makeSet(folder, reviewers);
  const origin = path.join(inject('postgres').folder, 'reviewed');
  const lock = { path: `${origin}.lock`, purpose: 'making the reviewed set', waitMs: WAIT_MS };
  const { url, listed } = await withFileLock(lock, () => originAt(origin));
  await cp(origin, folder, { recursive: true, mode: constants.COPYFILE_FICLONE });
  const { collection, data } = placesIn(folder);
  await useCopyOf(url, data);
  return { collection, data, listed };
}

/** The set that others are copies of, and the URL of its database. */
async function originAt(folder: string): Promise<{ url: string; listed: ReviewedSet['listed'] }> {
  const note = `${folder}.json`;
  const known = await readFile(note, 'utf8').catch(() => null);
  if (known !== null) return JSON.parse(known);
  const { data, listed } = await makeSet(folder, REVIEWERS);
  const made = { url: await keepCatalogueOf(data), listed };
  await writeFile(note, JSON.stringify(made));
  return made;
}

const placesIn = (folder: string): Omit<ReviewedSet, 'listed'> => ({
  collection: path.join(folder, 'tiny.yaml'),
  data: path.join(folder, 'data'),
});

async function makeSet(folder: string, reviewers: readonly [string, string?]): Promise<ReviewedSet> {
  const photos = path.join(folder, 'photos');
  await writePhotos(photos);
  const { collection, data } = placesIn(folder);
  await writeFile(
    collection,
    `name: tiny\nclasses: [${SET_WNIDS.join(', ')}]\namong: imagenet-1k\nensemble: [efficientnet-lite0]\npolicy: {nearDuplicateDistance: 0}\n`,
  );
  const flags = ['--collection', collection, '--data', data];
  expect(await winnow(['run', '--source', 'folder', '--from', photos, ...flags])).toMatchObject({ code: 0 });
  const { stdout } = await winnow(['shortlist', ...flags, '--json']);
  const listed = jsonLines<ShortlistLine>(stdout).filter(({ state }) => state === 'listed');
  const table = path.join(folder, 'verdicts.csv');
  await writeFile(table, ['sha256,wnid,verdict,reason,reviewer', ...verdictLines(listed, reviewers)].join('\n'));
  expect(await winnow(['verdicts', 'import', table, ...flags])).toMatchObject({ code: 0 });
  return { collection, data, listed };
}

/** Each class gets the samples of the classes after it. */
async function writePhotos(photos: string): Promise<void> {
  const folders = (await readdir(SAMPLES)).filter((name) => !SET_WNIDS.some((wnid) => wnid === name));
  const lines = ['file,wnid,license,creator,page_url'];
  for (const [at, wnid] of SET_WNIDS.entries()) {
    await mkdir(path.join(photos, wnid), { recursive: true });
    for (const [i, { name, licence, creator, pageUrl, write }] of SET_PHOTOS.entries()) {
      const folder = path.join(SAMPLES, folders[(at * SET_PHOTOS.length + i) * 5] ?? '');
      const [sample = ''] = await readdir(folder);
      await writeFile(path.join(photos, wnid, name), await write(await readFile(path.join(folder, sample))));
      lines.push([`${wnid}/${name}`, wnid, licence, creator, pageUrl].map(quoted).join(','));
    }
  }
  await writeFile(path.join(photos, 'labels.csv'), `${lines.join('\n')}\n`);
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

function verdictLines(listed: readonly ShortlistLine[], [first, other]: readonly [string, string?]): string[] {
  return listed.flatMap(({ sha256, wnid }, i) => {
    if (i === listed.length - 2) return [];
    if (i === listed.length - 1) return [`${sha256},${wnid},reject,low-quality,${first}`];
    const second = other !== undefined && i % 4 === 0 ? [`${sha256},${wnid},accept,,${other}`] : [];
    return [`${sha256},${wnid},accept,,${first}`, ...second];
  });
}
