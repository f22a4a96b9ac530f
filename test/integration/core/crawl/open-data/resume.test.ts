import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { StopTheRun } from '../../../../../src/core/kernel/errors.ts';
import { NO_VERSION, type RemoteVersion } from '../../../../../src/core/crawl/sources/remote-version.ts';
import {
  discoverOpenData,
  type OpenDataDeps,
  type OpenDataOptions,
} from '../../../../../src/core/crawl/sources/open-data/discover-open-data.process.ts';
import type { OpenDataFile } from '../../../../../src/core/crawl/sources/open-data/rows.ts';
import { useDatabase } from '../../../../support/database.ts';
import { uuidOf } from '../../../../support/sites/inaturalist-world.ts';
import { HEADERS, leftTables, opener, table, tickingClock, type Dump } from './dump.ts';

const database = useDatabase();
beforeEach(async () => {
  await sql`delete from open_data_walk`.execute(database.db);
  for (const name of await leftTables(database.db))
    if (name !== 'open_data_walk') await sql`drop table ${sql.table(name)}`.execute(database.db);
});

/** More than two batches of observations and of photos. Some photos come twice. */
const OBSERVATIONS = 3_000;
const BATCH_ROWS = 1_250;
const dump: Dump = {
  'taxa.csv.gz': table(HEADERS.taxa, [
    [1, '', 70, 'kingdom', 'Animalia', 'true'],
    [5, '1', 30, 'family', 'Felidae', 'true'],
    [6, '1', 30, 'family', 'Canidae', 'true'],
  ]),
  'observations.csv.gz': table(
    HEADERS.observations,
    Array.from({ length: OBSERVATIONS }, (_, i) => [uuidOf(i), 1, '', '', '', i % 4 === 0 ? 6 : 5, 'research', '', '']),
  ),
  'observers.csv.gz': table(HEADERS.observers, [[1, 'ann', 'Ann']]),
  'photos.csv.gz': table(
    HEADERS.photos,
    Array.from({ length: OBSERVATIONS + 150 }, (_, i) => {
      const number = i % OBSERVATIONS;
      return [uuidOf(i + 99_999), 1_000 + number, uuidOf(number), 1, 'jpg', 'CC-BY', 1, 1, 0];
    }),
  ),
};
const classes = [
  { wnid: 'cats', name: 'cats', scientificName: null, entry: [{ taxon: 'Felidae' }] },
  { wnid: 'dogs', name: 'dogs', scientificName: null, entry: [{ taxon: 'Canidae' }] },
  { wnid: 'none', name: 'none', scientificName: null, entry: [{ taxon: 'Nothing' }] },
];
const ALL_FILES = ['taxa', 'taxa', 'observations', 'observers', 'photos'].map((name) => `${name}.csv.gz`);

interface WalkChanges {
  readonly options?: Partial<OpenDataOptions>;
  readonly version?: (file: OpenDataFile) => RemoteVersion;
  readonly stored?: Map<string, string>;
  /** Leaves the walk once this many photos were found, as a kill would. */
  readonly killAfter?: number;
  readonly open?: (file: OpenDataFile, open: OpenDataDeps['open']) => ReturnType<OpenDataDeps['open']>;
}

const tagged = (file: OpenDataFile): RemoteVersion => ({ ...NO_VERSION, etag: `"${file}"` });

/** The discovery part of a crawl: photos are stored page by page, and on `flush`. */
async function walk(changes: WalkChanges = {}) {
  const files = opener(dump, { pieceBytes: 1_250 });
  const stored = changes.stored ?? new Map<string, string>();
  const told: string[] = [];
  let page: [string, string][] = [];
  /** The photos that were found twice. */
  let again = 0;
  const flush = async (): Promise<void> => {
    for (const [id, wnid] of page) {
      if (stored.has(`${id} ${wnid}`)) again += 1;
      stored.set(`${id} ${wnid}`, wnid);
    }
    page = [];
  };
  const admitted = new Map<string, number>();
  const deps: OpenDataDeps = {
    db: database.db,
    clock: tickingClock(),
    identify: (file) => Promise.resolve((changes.version ?? tagged)(file)),
    open: (file) => changes.open?.(file, files.open) ?? files.open(file),
  };
  const options: OpenDataOptions = {
    collection: 'pets',
    classes,
    photoSize: 'large',
    mediaUrl: 'https://bucket.test',
    qualityGrade: 'any',
    rules: '',
    limitPerClass: null,
    admitted,
    flush,
    batchRows: BATCH_ROWS,
    signal: new AbortController().signal,
    onPlanned: ({ wnid, problems }) => void told.push(...problems.map((problem) => `${wnid}: ${problem}`)),
    onNote: (note) => void told.push(`note: ${note}`),
    ...changes.options,
  };
  let found = 0;
  for await (const { sourceId, label } of discoverOpenData(deps, options)) {
    if (found === changes.killAfter) return { opened: files.opened, stored, told, again };
    found += 1;
    page.push([sourceId, label]);
    admitted.set(label, (admitted.get(label) ?? 0) + 1);
    if (page.length >= 64) await flush();
  }
  await flush();
  return { opened: files.opened, stored, told, again };
}

async function rowCount(): Promise<number> {
  const rows = await database.db.selectFrom('open_data_walk').select('row_count').execute();
  return rows[0]?.row_count ?? 0;
}

describe('a walk over the open data', () => {
  it('that is finished is not repeated, with a note', async () => {
    const first = await walk();
    expect([first.opened, first.stored.size, first.again]).toEqual([ALL_FILES, OBSERVATIONS, 0]);
    expect(await leftTables(database.db)).toEqual(['open_data_walk']);
    const second = await walk();
    expect([second.opened, second.stored.size]).toEqual([[], 0]);
    expect(second.told).toEqual([
      expect.stringMatching(/^none: Expected one active taxon named exactly 'Nothing'/),
      expect.stringContaining('there is nothing new to find'),
    ]);
  });

  it('that ended among the photos resumes there: no finished part is read or joined again, and no photo is lost', async () => {
    const first = await walk({ killAfter: 2_250 });
    const kept = first.stored.size;
    expect(kept).toBeGreaterThan(BATCH_ROWS);
    const second = await walk({ stored: first.stored });
    expect(second.opened).toEqual(['photos.csv.gz']);
    expect(second.stored.size).toBe(OBSERVATIONS);
    // At most the current batch, and the one that is being noted as read.
    expect(second.again).toBeGreaterThan(0);
    expect(second.again).toBeLessThanOrEqual(2 * BATCH_ROWS);
    expect(second.told).toEqual([expect.stringContaining("'Nothing'")]);
    expect(await leftTables(database.db)).toEqual(['open_data_walk']);
  });

  it('that ended in an earlier version, whose tables had no day, resumes', async () => {
    const { stored } = await walk({ killAfter: 2_250 });
    const tables = await leftTables(database.db);
    const observations = tables.find((name) => name.startsWith('open_data_observation')) ?? '';
    await sql`alter table ${sql.table(observations)} drop column taken_at`.execute(database.db);
    const { opened } = await walk({ stored });
    expect([opened, stored.size]).toEqual([['photos.csv.gz'], OBSERVATIONS]);
  });

  it('resumes again and again, wherever it ends', async () => {
    const stored = new Map<string, string>();
    for (const killAfter of [0, 1_500, 10, 1_325, 75]) await walk({ stored, killAfter });
    expect((await walk({ stored })).stored.size).toBe(OBSERVATIONS);
  });

  it('that ended among the observations stores none of them twice', async () => {
    const broken: WalkChanges['open'] = async (file, open) => {
      if (file !== 'observations.csv.gz') return open(file);
      return (async function* () {
        const pieces: Uint8Array[] = [];
        for await (const piece of await open(file)) pieces.push(piece);
        yield* pieces.slice(0, Math.floor(pieces.length * 0.8));
        // Wait until the catalogue has the first batch, because an error overtakes rows that are not read yet.
        while ((await rowCount()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        throw new Error('the machine went away');
      })();
    };
    await expect(walk({ open: broken })).rejects.toThrow('went away');
    expect(await rowCount()).toBeGreaterThanOrEqual(BATCH_ROWS);
    const second = await walk();
    expect([second.opened, second.stored.size, second.again]).toEqual([ALL_FILES, OBSERVATIONS, 0]);
  });

  it.each<[string, WalkChanges]>([
    ['the dump is another one', { version: (file) => ({ ...tagged(file), etag: `"next month's ${file}"` }) }],
    [
      'one of its files is',
      { version: (file) => (file === 'taxa.csv.gz' ? { ...NO_VERSION, etag: '"x"' } : tagged(file)) },
    ],
    ['nothing identifies it any more', { version: () => NO_VERSION }],
    ['other classes are wanted', { options: { classes: classes.slice(0, 2) } }],
    ['other licences are taken', { options: { rules: 'CC0-1.0' } }],
  ])('starts again if %s', async (_, changes) => {
    await walk({ killAfter: 2_250 });
    const second = await walk(changes);
    expect([second.opened, second.stored.size]).toEqual([ALL_FILES, OBSERVATIONS]);
    expect(await leftTables(database.db)).toEqual(['open_data_walk']);
  });

  it('starts again after a server crash has emptied its tables', async () => {
    await walk({ killAfter: 2_250 });
    for (const name of (await leftTables(database.db)).filter((one) => one !== 'open_data_walk'))
      await sql`truncate ${sql.table(name)}`.execute(database.db);
    const second = await walk();
    expect([second.opened, second.stored.size]).toEqual([ALL_FILES, OBSERVATIONS]);
  });

  it('keeps to the limit across an interruption, and ends when no class needs more photos', async () => {
    const limited = { options: { limitPerClass: 725 } };
    const first = await walk({ ...limited, killAfter: 2_000 });
    expect(first.stored.size).toBeGreaterThan(500);
    const { stored } = await walk({ ...limited, stored: first.stored });
    const count = (wnid: string): number => [...stored.values()].filter((one) => one === wnid).length;
    // Photos of a batch that was already joined are found even if the class has enough by then. The crawl skips them.
    expect(count('dogs')).toBeGreaterThanOrEqual(725);
    expect(count('cats')).toBeLessThan(2_250);
  });

  it('that still runs ends when another one takes it over, and no photo is lost', async () => {
    const stored = new Map<string, string>();
    let resume = (): void => {};
    const paused = new Promise<void>((resolve) => (resume = resolve));
    let reached = (): void => {};
    const isInPhotos = new Promise<void>((resolve) => (reached = resolve));
    const slow: WalkChanges['open'] = async (file, open) => {
      if (file !== 'photos.csv.gz') return open(file);
      return (async function* () {
        let pieces = 0;
        for await (const piece of await open(file)) {
          if (++pieces === 20) {
            reached();
            await paused;
          }
          yield piece;
        }
      })();
    };
    const first = walk({ stored, open: slow }).catch((error: unknown) => error);
    await isInPhotos;
    const second = await walk({ stored });
    expect(second.opened).toEqual(['photos.csv.gz']);
    resume();
    expect(await first).toBeInstanceOf(StopTheRun);
    expect(stored.size).toBe(OBSERVATIONS);
  });
});
