import type { Kysely } from 'kysely';
import type { Wnid } from '../../../kernel/ids.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import { dayOf } from '../day.ts';
import type { PhotoSize } from '../inaturalist/photo.ts';
import type { WantedClass } from '../network-source.ts';
import type { FoundPhoto } from '../source.ts';
import { DumpTable, type DumpDeps } from './dump-table.process.ts';
import {
  addObservations,
  addObservers,
  indexObservations,
  joinPhotos,
  screenOf,
  type WantedObservation,
} from './open-data.repository.ts';
import { OBSERVATIONS, OBSERVERS, openDataPhoto, PHOTO_COLUMNS, type ObserverRow, type DumpPhoto } from './rows.ts';
import { detached } from './tsv.ts';
import type { UuidScreen } from './uuid-screen.ts';
import { advanceWalk, type OpenDataWalk, type WalkProgress, type WalkStage } from './walk.repository.ts';

export interface WalkRules {
  readonly classes: readonly WantedClass[];
  readonly photoSize: PhotoSize;
  readonly mediaUrl: string;
  readonly qualityGrade: 'any' | 'research' | 'needs_id' | 'casual';
  /** How many photos of each class the consumer has taken. A resumed walk sets it to the numbers of the interrupted one. */
  readonly admitted: Map<Wnid, number>;
  /** The most photos of a class. A class with this many gets no more, and the walk ends when all classes have it. */
  readonly limitPerClass: number | null;
  /** Resolves when everything that was yielded is stored, so that the walk will not yield it again. */
  readonly flush: () => Promise<void>;
  /** How many rows to collect before they are sent to PostgreSQL. By default `BATCH_ROWS`; tests use fewer. */
  readonly batchRows?: number;
}

export interface DumpWalk {
  readonly db: Kysely<Database>;
  readonly walk: OpenDataWalk;
  readonly dump: DumpDeps;
  readonly rules: WalkRules;
}

const BATCH_ROWS = 5_000;
/** Wanted photos may be rare. A batch that is not full is sent after this many rows of the file. */
const LOOKED_THROUGH_ROWS = 1_000_000;

/** The classes that want observations of a taxon, by its id. */
type ClassesOfTaxon = ReadonlyMap<number, readonly number[]>;

/** Continues a walk: observations, observers, photos. `plan` is called only if the observations are not finished. */
export async function* walkDump(
  stage: DumpWalk,
  from: WalkProgress,
  plan: () => Promise<ClassesOfTaxon>,
): AsyncGenerator<FoundPhoto, void, undefined> {
  const { db, walk } = stage;
  if (from.stage === 'observations') {
    const classesOfTaxon = await plan();
    if (classesOfTaxon.size === 0) return;
    await storeObservations(stage, classesOfTaxon, from.rowCount);
  }
  const screen = await screenOf(db, walk);
  if (screen.added === 0) return;
  if (from.stage !== 'photos') await storeObservers(stage);
  yield* findPhotos(stage, screen, from.stage === 'photos' ? from.rowCount : 0);
}

async function storeObservations(stage: DumpWalk, classesOfTaxon: ClassesOfTaxon, skipRows: number): Promise<void> {
  const { db, walk, dump, rules } = stage;
  const { qualityGrade, batchRows = BATCH_ROWS } = rules;
  const table = new DumpTable(dump, OBSERVATIONS, skipRows);
  let batch: WantedObservation[] = [];
  const store = async (): Promise<void> => {
    await db.transaction().execute(async (trx) => {
      await addObservations(trx, walk, batch);
      await advance({ ...stage, db: trx }, 'observations', table.position);
    });
    batch = [];
  };
  for await (const rows of table.rows()) {
    for (const row of rows) {
      const classes = row.taxonId === null ? undefined : classesOfTaxon.get(row.taxonId);
      if (classes === undefined || (qualityGrade !== 'any' && row.qualityGrade !== qualityGrade)) continue;
      table.accept();
      const [uuid, takenAt] = [detached(row.uuid), dayOf(row.observedOn)];
      for (const classNumber of classes) batch.push({ uuid, observerId: row.observerId, classNumber, takenAt });
    }
    if (batch.length >= batchRows) await store();
  }
  await store();
  await db.transaction().execute(async (trx) => {
    await indexObservations(trx, walk);
    await advance({ ...stage, db: trx }, 'observers', 0);
  });
  table.finish();
}

/** Stores all observers, because the owners of wanted photos are only known later. A resumed walk reads the file from its start. */
async function storeObservers(stage: DumpWalk): Promise<void> {
  const { db, walk, dump, rules } = stage;
  const { batchRows = BATCH_ROWS } = rules;
  const table = new DumpTable(dump, OBSERVERS);
  let batch: ObserverRow[] = [];
  for await (const rows of table.rows()) {
    for (const row of rows) {
      table.accept();
      batch.push(row);
    }
    if (batch.length < batchRows) continue;
    await addObservers(db, walk, batch);
    batch = [];
  }
  await addObservers(db, walk, batch);
  await advance(stage, 'photos', 0);
  table.finish();
}

async function* findPhotos(
  stage: DumpWalk,
  screen: UuidScreen,
  skipRows: number,
): AsyncGenerator<FoundPhoto, void, undefined> {
  const { batchRows = BATCH_ROWS } = stage.rules;
  const table = new DumpTable(stage.dump, PHOTO_COLUMNS, skipRows);
  let batch: DumpPhoto[] = [];
  let joinedTo = skipRows;
  for await (const rows of table.rows()) {
    for (const row of rows) if (screen.mayHave(row.observationUuid)) batch.push(kept(row));
    if (batch.length < batchRows && table.position - joinedTo < LOOKED_THROUGH_ROWS) continue;
    if (classesThatWantMore(stage.rules).length === 0) break;
    yield* join(stage, table, batch);
    batch = [];
    joinedTo = table.position;
    await stage.rules.flush();
    await advance(stage, 'photos', joinedTo);
  }
  yield* join(stage, table, batch);
  await stage.rules.flush();
  table.finish();
}

function kept(row: DumpPhoto): DumpPhoto {
  return { ...row, observationUuid: detached(row.observationUuid), licence: detached(row.licence) };
}

async function* join(
  { db, walk, rules }: DumpWalk,
  table: DumpTable<DumpPhoto>,
  batch: readonly DumpPhoto[],
): AsyncGenerator<FoundPhoto, void, undefined> {
  const { classes, photoSize: size } = rules;
  const mediaUrl = rules.mediaUrl.replace(/\/+$/, '');
  const classNumbers = classesThatWantMore(rules);
  if (batch.length === 0 || classNumbers.length === 0) return;
  const joined = await joinPhotos(db, batch, { walk, classNumbers, rowNumber: table.position });
  for (const { position, classNumber, credit, takenAt } of joined) {
    const row = batch[position];
    const wanted = classes[classNumber];
    if (row === undefined || wanted === undefined) continue;
    table.accept();
    yield openDataPhoto(row, { wnid: wanted.wnid, size, mediaUrl, credit, takenAt });
  }
}

function classesThatWantMore({ classes, admitted, limitPerClass }: WalkRules): readonly number[] {
  return classes.flatMap(({ wnid }, number) =>
    limitPerClass === null || (admitted.get(wnid) ?? 0) < limitPerClass ? [number] : [],
  );
}

function advance({ db, walk, rules }: DumpWalk, stage: WalkStage, rowCount: number): Promise<void> {
  return advanceWalk(db, walk, { stage, rowCount, admitted: Object.fromEntries(rules.admitted) });
}
