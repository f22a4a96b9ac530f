import type { Kysely } from 'kysely';
import type { Wnid } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { PhotoSize } from '../inaturalist/photo.ts';
import type { FoundPhoto } from '../source.ts';
import { DumpReader, type DumpReaderDeps, type DumpReaderOptions, type DumpTable } from './dump-reader.process.ts';
import { openDataPhoto } from './found-photo.ts';
import {
  addObservations,
  addObservers,
  beginWalk,
  endWalk,
  indexObservations,
  joinPhotos,
  type OpenDataWalk,
  type WantedObservation,
} from './open-data.repository.ts';
import { planOpenData, type PlanOptions } from './plan-open-data.process.ts';
import { OBSERVATIONS, OBSERVERS, PHOTOS, readObservation, readObserver, readPhoto } from './rows.ts';
import type { ObserverRow, PhotoRow } from './rows.ts';
import { detached } from './tsv.ts';
import { UuidScreen } from './uuid-screen.ts';

export interface OpenDataDeps extends DumpReaderDeps {
  readonly db: Kysely<Database>;
}

export interface OpenDataOptions extends DumpReaderOptions, PlanOptions {
  /** Name of the collection: a walk of the same collection that is still on record is overtaken. */
  readonly collection: string;
  readonly photoSize: PhotoSize;
  /** Where the bucket's photos are: `https://inaturalist-open-data.s3.amazonaws.com`. */
  readonly mediaUrl: string;
  readonly qualityGrade: 'any' | 'research' | 'needs_id' | 'casual';
  /** Asked before each look-up: photos of classes that want no more are left out, and the walk ends once none does. */
  readonly wantsMore?: (wnid: Wnid) => boolean;
}

/** Rows that go to PostgreSQL at once. */
const BATCH_ROWS = 5_000;

/**
 * The photos of a collection's classes in iNaturalist's open data (https://github.com/inaturalist/inaturalist-open-data):
 * all classes in one pass over observations and photos, which are tens to hundreds of millions of rows. Observations of
 * the wanted taxa go to an unlogged table; photos are screened in memory and joined with it thousands at a time, in the
 * order of the file. One photo for each (photo id, class), although ids repeat.
 *
 * Memory does not grow with the files: a heap of 80 MB suffices for millions of rows, 32 MiB of screen come beside it, and
 * about 50 bytes for each wanted taxon (hundreds of thousands where a class is as large as the flies). Malformed rows are
 * counted and passed over. A walk is not taken up in the middle: begun again it yields the same photos, and storing those
 * again changes nothing. Ending the iteration early closes files and drops tables.
 *
 * Throws the signal's reason when aborted, UsageError if a file has not the columns of the dump, RetryLater if one is
 * damaged or PostgreSQL has crashed in between, StopTheRun if another walk of the collection has taken over.
 */
export async function* discoverOpenData(
  deps: OpenDataDeps,
  options: OpenDataOptions,
): AsyncGenerator<FoundPhoto, void, undefined> {
  const { db } = deps;
  const reader = new DumpReader(deps, options);
  const classesOfTaxon = await planOpenData(reader, options);
  if (classesOfTaxon.size === 0) return;
  const walk = await beginWalk(db, options.collection);
  const stage: Stage = { db, walk, reader, options };
  try {
    const screen = await storeObservations(stage, classesOfTaxon);
    if (screen.added === 0) return;
    await indexObservations(db, walk);
    await storeObservers(stage);
    yield* findPhotos(stage, screen);
  } finally {
    // Fails only where the catalogue is out of reach, which is known by then; the next walk drops the tables.
    await endWalk(db, walk).catch(() => {});
  }
}

interface Stage {
  readonly db: Kysely<Database>;
  readonly walk: OpenDataWalk;
  readonly reader: DumpReader;
  readonly options: OpenDataOptions;
}

async function storeObservations(
  { db, walk, reader, options: { qualityGrade } }: Stage,
  classesOfTaxon: ReadonlyMap<number, readonly number[]>,
): Promise<UuidScreen> {
  const screen = new UuidScreen();
  const table = reader.read(OBSERVATIONS, readObservation);
  let batch: WantedObservation[] = [];
  for await (const rows of table.rows) {
    for (const row of rows) {
      const classes = row.taxonId === null ? undefined : classesOfTaxon.get(row.taxonId);
      if (classes === undefined || (qualityGrade !== 'any' && row.qualityGrade !== qualityGrade)) continue;
      table.accept();
      screen.add(row.uuid);
      const uuid = detached(row.uuid);
      for (const classNumber of classes) batch.push({ uuid, observerId: row.observerId, classNumber });
    }
    if (batch.length < BATCH_ROWS) continue;
    await addObservations(db, walk, batch);
    batch = [];
  }
  await addObservations(db, walk, batch);
  table.finish();
  return screen;
}

/** All of them: whose photos are wanted is known only when they have been read. */
async function storeObservers({ db, walk, reader }: Stage): Promise<void> {
  const table = reader.read(OBSERVERS, readObserver);
  let batch: ObserverRow[] = [];
  for await (const rows of table.rows) {
    for (const row of rows) {
      table.accept();
      batch.push(row);
    }
    if (batch.length < BATCH_ROWS) continue;
    await addObservers(db, walk, batch);
    batch = [];
  }
  await addObservers(db, walk, batch);
  table.finish();
}

async function* findPhotos(stage: Stage, screen: UuidScreen): AsyncGenerator<FoundPhoto, void, undefined> {
  const table = stage.reader.read(PHOTOS, readPhoto);
  let batch: PhotoRow[] = [];
  for await (const rows of table.rows) {
    for (const row of rows) if (screen.mayHave(row.observationUuid)) batch.push(kept(row));
    if (batch.length < BATCH_ROWS) continue;
    if (classesThatWantMore(stage.options).length === 0) break;
    yield* join(stage, table, batch);
    batch = [];
  }
  yield* join(stage, table, batch);
  table.finish();
}

function kept(row: PhotoRow): PhotoRow {
  return { ...row, observationUuid: detached(row.observationUuid), licence: detached(row.licence) };
}

async function* join(
  { db, walk, options }: Stage,
  table: DumpTable<PhotoRow>,
  batch: readonly PhotoRow[],
): AsyncGenerator<FoundPhoto, void, undefined> {
  const { classes, photoSize: size } = options;
  const mediaUrl = options.mediaUrl.replace(/\/+$/, '');
  const classNumbers = classesThatWantMore(options);
  if (batch.length === 0 || classNumbers.length === 0) return;
  for (const { position, classNumber, credit } of await joinPhotos(db, batch, { walk, classNumbers })) {
    const row = batch[position];
    const wanted = classes[classNumber];
    if (row === undefined || wanted === undefined) continue;
    table.accept();
    yield openDataPhoto(row, { wnid: wanted.wnid, size, mediaUrl, credit });
  }
}

function classesThatWantMore({ classes, wantsMore = () => true }: OpenDataOptions): readonly number[] {
  return classes.flatMap(({ wnid }, number) => (wantsMore(wnid) ? [number] : []));
}
