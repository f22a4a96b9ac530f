import { createReadStream, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { RetryLater, UsageError } from '../../../../../src/core/kernel/errors.ts';
import type { Json, WantedClass } from '../../../../../src/core/crawl/sources/network-source.ts';
import {
  discoverOpenData,
  type OpenDataDeps,
  type OpenDataOptions,
} from '../../../../../src/core/crawl/sources/open-data/discover-open-data.process.ts';
import { NO_VERSION } from '../../../../../src/core/crawl/sources/remote-version.ts';
import type { OpenDataProgress } from '../../../../../src/core/crawl/sources/open-data/dump-table.process.ts';
import type { ClassPlan } from '../../../../../src/core/crawl/sources/open-data/walk.repository.ts';
import type { FoundPhoto } from '../../../../../src/core/crawl/sources/source.ts';
import { collect } from '../../../../support/collect.ts';
import { useDatabase } from '../../../../support/database.ts';
import { readQueriesLines, worldOf } from '../../../../support/sites/inaturalist-world.ts';
import { dumpOf, HEADERS, leftTables, opener, table, tickingClock } from './dump.ts';

const database = useDatabase();
const recordings = fileURLToPath(new URL('../../../../fixtures/recordings/inaturalist-open-data/', import.meta.url));
const queries = readFileSync(
  new URL('../../../../../config/classes/queries-imagenet-a.jsonl', import.meta.url),
  'utf8',
);
const dump = dumpOf(worldOf(readQueriesLines(queries), { perTaxon: 1 }));

const allClasses = queries
  .split('\n')
  .filter((line) => line !== '')
  .map((line): WantedClass => {
    const { wnid, name, inaturalist }: { wnid: string; name: string; inaturalist: Json } = JSON.parse(line);
    return { wnid, name, scientificName: null, entry: inaturalist };
  });

function wanted(wnid: string, ...entry: Json[]): WantedClass {
  return { wnid, name: wnid, scientificName: null, entry };
}

function optionsOf(options: Partial<OpenDataOptions> = {}): OpenDataOptions {
  return {
    collection: 'test',
    classes: allClasses,
    photoSize: 'large',
    mediaUrl: 'https://bucket.test/',
    qualityGrade: 'any',
    signal: new AbortController().signal,
    rules: '',
    admitted: new Map(),
    limitPerClass: null,
    flush: () => Promise.resolve(),
    onNote: () => {},
    ...options,
  };
}

/** The files of this dump have no version, so each walk starts from the beginning. */
function discover(open: OpenDataDeps['open'], options: Partial<OpenDataOptions> = {}): AsyncGenerator<FoundPhoto> {
  return discoverOpenData(
    { db: database.db, open, identify: () => Promise.resolve(NO_VERSION), clock: tickingClock() },
    optionsOf(options),
  );
}

describe('discoverOpenData', () => {
  it('resolves every name of the 200 classes except those that the dump does not list, and skips entries with annotations', async () => {
    const plans: ClassPlan[] = [];
    await collect(discover(opener(dump).open, { onPlanned: (plan) => void plans.push(plan) }));
    // The dump has no synonyms, so the bullfrog is found by the next name.
    expect(plans.flatMap(({ problems }) => problems)).toEqual([]);
    const notes = plans.flatMap((plan) => plan.notes);
    expect(notes).toContainEqual(expect.stringContaining("'Lithobates catesbeianus' is Aquarana catesbeiana"));
    expect(notes).toContainEqual(
      'n02165456 (ladybug): Coccinellidae not searched for, because the open data has no annotations',
    );
    expect(notes).toContainEqual(expect.stringContaining('iNaturalist does not identify'));
    const titles = plans.flatMap((plan) => plan.titles);
    const annotated = allClasses.flatMap(({ entry }) => (Array.isArray(entry) ? entry : []));
    expect(titles.length).toBe(annotated.filter((entry) => !JSON.stringify(entry).includes('"annotation"')).length);
  });

  it('reads the recorded sample of 2022, whose observations have eight columns', async () => {
    const open = (file: string): Promise<AsyncIterable<Uint8Array>> =>
      Promise.resolve(createReadStream(`${recordings}${file}`));
    const progress: OpenDataProgress[] = [];
    const classes = [
      wanted('n1', { taxon: 'Amphibia', rank: 'class' }),
      wanted('n2', { taxon: 'Life' }),
      wanted('n3', { taxon: 'Aves' }),
    ];
    const photos = await collect(discover(open, { classes, onProgress: (one) => void progress.push(one) }));
    const done = progress.filter(({ isDone }) => isDone);
    expect(done.map(({ file, rows, malformed }) => [file, rows, malformed])).toEqual([
      ['taxa.csv.gz', 183, {}],
      ['taxa.csv.gz', 183, {}],
      ['observations.csv.gz', 32, {}],
      ['observers.csv.gz', 23, {}],
      ['photos.csv.gz', 37, {}],
    ]);
    expect(done.at(-1)?.wanted).toBe(photos.length);
    expect(photos.filter(({ label }) => label === 'n2').map(({ sourceId }) => sourceId)).toContain('10314159');
    expect(photos.find(({ sourceId }) => sourceId === '10314159')).toEqual({
      source: 'inaturalist-open-data',
      sourceId: '10314159',
      label: 'n2',
      url: 'https://bucket.test/photos/10314159/large.jpg',
      licence: 'CC-BY-NC-4.0',
      licenceUrl: 'https://creativecommons.org/licenses/by-nc/4.0/',
      creator: 'akjenny',
      pageUrl: 'https://www.inaturalist.org/observations/f717b9dc-659e-4b10-a9ca-4d78ee447d71',
      takenAt: '2017-09-08',
      problem: null,
    });
    expect(new Set(photos.map(({ licence }) => licence)).has('unknown')).toBe(false);
  });
});

const U = (digit: number): string => `${String(digit).repeat(8)}-1111-4111-8111-${String(digit).repeat(12)}`;
const tiny = {
  'taxa.csv.gz': table(HEADERS.taxa, [
    [7, '1/5', 20, 'genus', 'Lynx', 'true'],
    [5, '1', 30, 'family', 'Felidae', 'true'],
    [1, '', 70, 'kingdom', 'Animalia', 'true'],
    [8, String.raw`1\5\7`, 10, 'species', 'Lynx \'quoted" lynx', 'true'],
    [57, '1', 20, 'genus', 'Other', 'true'],
  ]),
  'observations.csv.gz': table(HEADERS.observations, [
    [U(1), 1, '', '', '', 8, 'research', '', ''],
    [U(2), 1, '', '', '', 5, 'casual', '', ''],
    [U(3), 2, '', '', '', 57, 'research', '', ''],
    [U(4), 2, '', '', '', '', 'casual', '', ''],
    ['broken', 2, '', '', '', 8, 'research', '', ''],
    [U(5), 2],
  ]),
  'observers.csv.gz': table(HEADERS.observers, [
    [1, 'ann', 'Ann "The" O\'Neil'],
    [2, 'bob', 'Bob\tTab'],
    [3, 'cid', ''],
    [3, 'cid-again', ''],
  ]),
  'photos.csv.gz': table(HEADERS.photos, [
    [U(9), 100, U(1), 1, 'jpg', 'CC-BY', 1, 1, 0],
    [U(9), 101, U(1).toUpperCase(), 3, 'JPEG', 'PD', 1, 1, 1],
    // The same photo under another observation: once for Lynx, and again for Felidae only.
    [U(9), 100, U(2), 1, 'jpg', 'CC-BY', 1, 1, 0],
    [U(9), 102, U(2), 2, 'png', 'CC0', 1, 1, 0],
    [U(9), 102, U(2), 2, 'png', 'CC0', 1, 1, 0],
    [U(9), 103, U(3), 2, 'png', 'CC0', 1, 1, 0],
    [U(9), 104, U(4), 2, 'png', 'CC0', 1, 1, 0],
    [U(9), 'x', U(1), 2, 'png', 'CC0', 1, 1, 0],
  ]),
};
const cats = [
  wanted('felidae', { taxon: 'Felidae', rank: 'family', exclude: ['Lynx'] }),
  wanted('lynx', { taxon: 'lynx' }),
];
const catOptions = { classes: cats, collection: 'cats' };
/** The files, of which one is read from elsewhere. */
const withFile =
  (files: ReturnType<typeof opener>, name: string, read: () => AsyncIterable<Uint8Array>): OpenDataDeps['open'] =>
  async (file) =>
    file === name ? read() : files.open(file);

describe('discoverOpenData on a small dump', () => {
  it('yields a photo of several observations once for each class, whatever the pieces of the files', async () => {
    const photos = await collect(discover(opener(tiny).open, catOptions));
    expect(await collect(discover(opener(tiny, { pieceBytes: 1, gzip: false }).open, catOptions))).toEqual(photos);
    // In the order of the file. The second row of a photo yields only what is new.
    expect(photos.map(({ sourceId, label, creator, licence }) => [sourceId, label, creator, licence])).toEqual([
      ['100', 'lynx', 'Ann "The" O\'Neil', 'CC-BY-4.0'],
      ['101', 'lynx', 'cid', 'Public-Domain'],
      ['100', 'felidae', 'Ann "The" O\'Neil', 'CC-BY-4.0'],
      ['102', 'felidae', 'iNaturalist user 2', 'CC0-1.0'],
    ]);
  });

  it('skips classes that need no more photos, and ends when all are complete', async () => {
    const found = async (admitted: Record<string, number>): Promise<unknown[]> => {
      const options = { ...catOptions, limitPerClass: 2, admitted: new Map(Object.entries(admitted)) };
      return (await collect(discover(opener(tiny).open, options))).map(({ sourceId, label }) => `${sourceId} ${label}`);
    };
    expect(await found({ lynx: 2 })).toEqual(['100 felidae', '102 felidae']);
    expect(await found({ lynx: 2, felidae: 2 })).toEqual([]);
  });

  it('filters by quality, and reads no more than necessary if there is nothing to find', async () => {
    const unresolved = opener(tiny);
    const plans: ClassPlan[] = [];
    const classes = [wanted('n1', { taxon: 'Lynxus', rank: 'genus' }), { ...wanted('n2'), entry: null }];
    const onPlanned = (plan: ClassPlan): void => void plans.push(plan);
    expect(await collect(discover(unresolved.open, { classes, onPlanned }))).toEqual([]);
    expect(unresolved.opened).toEqual(['taxa.csv.gz']);
    expect(plans[0]?.problems[0]).toContain(
      "named exactly 'Lynxus' of rank genus in taxa.csv.gz but found nothing similar",
    );
    const research = await collect(discover(opener(tiny).open, { ...catOptions, qualityGrade: 'research' }));
    expect(new Set(research.map(({ label }) => label))).toEqual(new Set(['lynx']));
    const nothing = opener(tiny);
    expect(await collect(discover(nothing.open, { ...catOptions, qualityGrade: 'needs_id' }))).toEqual([]);
    expect(nothing.opened).toEqual(['taxa.csv.gz', 'taxa.csv.gz', 'observations.csv.gz']);
    expect(await collect(discover(opener(tiny).open, { classes: [] }))).toEqual([]);
  });

  it('names the missing column', async () => {
    const broken = { ...tiny, 'photos.csv.gz': 'photo_id\tobservation_uuid\n1\t2\n' };
    await expect(collect(discover(opener(broken).open, catOptions))).rejects.toThrow(
      /columns observer_id, extension, license in the header of photos\.csv\.gz/,
    );
    await expect(collect(discover(opener({ ...tiny, 'taxa.csv.gz': '' }).open, catOptions))).rejects.toBeInstanceOf(
      UsageError,
    );
    expect(await leftTables(database.db)).toEqual(['open_data_walk']);
  });

  it('asks the user to retry if a file is cut off or damaged', async () => {
    for (const damage of [
      (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - 20),
      (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, 40), Buffer.alloc(40, 0xff)]),
    ]) {
      const open = withFile(opener(tiny), 'photos.csv.gz', async function* () {
        yield damage(gzipSync(tiny['photos.csv.gz']));
      });
      const error = await collect(discover(open, catOptions)).catch((error_: unknown) => error_);
      expect(error).toBeInstanceOf(RetryLater);
      expect(error).toMatchObject({ code: 'open-data-damaged', message: expect.stringContaining('photos.csv.gz') });
    }
  });

  it('passes on the errors of opening and reading, and closes everything', async () => {
    const files = opener(tiny);
    const failing: OpenDataDeps['open'] = (file) =>
      file === 'observers.csv.gz' ? Promise.reject(new RetryLater('gone', { code: 'x' })) : files.open(file);
    await expect(collect(discover(failing, catOptions))).rejects.toThrow('gone');
    const breaking = withFile(files, 'observations.csv.gz', async function* () {
      yield Buffer.from(`${HEADERS.observations}\n`);
      throw new Error('reset');
    });
    await expect(collect(discover(breaking, catOptions))).rejects.toThrow('reset');
    expect([files.unclosed(), await leftTables(database.db)]).toEqual([0, ['open_data_walk']]);
  });

  it.each(['gzip', 'nothing'] as const)('stops at once when aborted while it waits for bytes: %s', async (kind) => {
    const controller = new AbortController();
    const open = withFile(opener(tiny), 'observations.csv.gz', async function* () {
      setTimeout(() => controller.abort(new Error('enough')), 50);
      if (kind !== 'nothing') yield gzipSync(HEADERS.observations).subarray(0, 20);
      await new Promise(() => {});
    });
    const photos = collect(discover(open, { ...catOptions, signal: controller.signal }));
    await expect(photos).rejects.toThrow('enough');
    expect(await leftTables(database.db)).toEqual(['open_data_walk']);
  });

  it('drops the tables of a killed walk, but not those of another collection', async () => {
    const other = discover(opener(tiny).open, { ...catOptions, collection: 'others' });
    const killed = discover(opener(tiny).open, catOptions);
    await other.next();
    await killed.next();
    expect(await leftTables(database.db)).toHaveLength(7);
    expect(await collect(discover(opener(tiny).open, catOptions))).toHaveLength(4);
    expect(await leftTables(database.db)).toHaveLength(4);
    expect((await collect(other)).length).toBe(3);
    await killed.return(undefined);
    expect(await leftTables(database.db)).toEqual(['open_data_walk']);
  });

  it('notices that a crash of the server has emptied its tables', async () => {
    const files = opener(tiny);
    const open: OpenDataDeps['open'] = async (file) => {
      // PostgreSQL's recovery does this to unlogged tables.
      if (file === 'photos.csv.gz') {
        const name = (await leftTables(database.db)).find((one) => one.startsWith('open_data_observation_')) ?? '';
        await sql`truncate ${sql.table(name)}`.execute(database.db);
      }
      return files.open(file);
    };
    const error = await collect(discover(open, catOptions)).catch((error_: unknown) => error_);
    expect(error).toMatchObject({ code: 'open-data-lost' });
    expect(error).toBeInstanceOf(RetryLater);
  });
});
