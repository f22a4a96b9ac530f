import { foldPhotoCounts } from '../filter/run/photo-tally.repository.ts';
import { Interrupted, UsageError } from '../kernel/errors.ts';
import { countOf } from '../kernel/texts.ts';
import { countingWarnings } from '../platform/log/counting-warnings.ts';
import { readSnapshot, withAdvisoryLock } from '../platform/postgres/transactions.ts';
import { controlsPerClass, withControls } from './add-controls.process.ts';
import { drawCrawlSample, drawnPhotos, readCrawlSample } from './crawl-sample.repository.ts';
import { keyOf, withDrawn } from './crawl-sample.ts';
import { withFineHashes } from './fine-hashes.process.ts';
import { isKeptPending } from './second-pass.repository.ts';
import {
  listedPhotos,
  listShortlist,
  readBuiltAt,
  type ShortlistPhoto,
  isStored,
  keptPhotos,
  lockCollection,
  replaceShortlist,
} from './shortlist.repository.ts';
import {
  changesOfList,
  byClass,
  LEAST_TRUE_FIRST,
  markAlsoIn,
  shortlistClass,
  SUREST_FIRST,
  type KeptPhoto,
  type ReviewedAs,
  type ShortlistPolicy,
  type ShortlistRow,
} from './shortlist.ts';
import { classNameOf, type Workspace } from '../models/workspace/workspace.process.ts';
import { holdHeadReferences } from '../filter/references/head-references.process.ts';
import type { Funnel } from '../kernel/funnel.ts';
import type { Transaction, Kysely, RawBuilder } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { computeFeatures, type FeaturePassOptions } from './feature-pass.process.ts';
import { runOutsideModels, type OutsideModelsOptions } from './outside-models.process.ts';
import { writeShortlistFiles } from './shortlist-files.process.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import { readUnitVectors } from '../models/evidence/feature.repository.ts';

export type MadeShortlist = Awaited<ReturnType<typeof makeShortlist>>;

export interface ShortlistOptions {
  readonly cap?: number | undefined;
  /** Controls per class. Default: as many as the last shortlist has. */
  readonly controls?: number | undefined;
  /** Photos to draw of each stratum of the crawl; 0: the sample ends. Default: the last sample stays. */
  readonly crawlSample?: number | undefined;
  /** The models of `review.outsideModels` look at the listed photos. */
  readonly reviewEvidence: boolean;
  readonly signal: AbortSignal;
  /** Reads the funnel that the contact sheet shows, in the transaction that reads the list. */
  readonly funnelIn: (trx: Transaction<Database>) => Promise<Funnel>;
  readonly onFeatures: FeaturePassOptions['onProgress'];
  readonly onOutside: OutsideModelsOptions['onProgress'];
}

/** Keeps our lock apart from the advisory locks of BullMQ and Kysely. */
const LOCK_CLASS = 0x57_4e_53;

/**
 * Only one build of a collection runs at a time, including its files, so that all files are of one build. An advisory lock is
 * used, because a filter needs the collection's row while thumbnails are made.
 */
export async function makeShortlist(workspace: Workspace, options: ShortlistOptions) {
  const { app, scope } = workspace;
  return withAdvisoryLock(app.db, [LOCK_CLASS, scope.collectionId], () =>
    countingWarnings(app.log, (log) => make({ ...workspace, app: { ...app, log } }, options)),
  );
}

async function make(workspace: Workspace, options: ShortlistOptions) {
  const { cap, signal, onFeatures, onOutside, funnelIn } = options;
  const { app, collection, scope } = workspace;
  const { target, secondPass } = app.config.review;
  const policy = {
    ...collection.policy,
    cap: cap ?? collection.policy.cap,
    target,
    controls: await controlsPerClass(workspace, options),
  };
  const { crawlSample } = options;
  if (collection.mode === 'O' && (crawlSample ?? 0) > 0) throw noCrawlSample(collection.name);
  await holdHeadReferences(workspace, signal);
  const comparesFeatures = policy.nearDuplicateCosine !== null;
  const backboneId = comparesFeatures ? await computeFeatures(workspace, { signal, onProgress: onFeatures }) : null;
  const before = await listedPhotos(app.db, scope);
  const built = await buildShortlist(app.db, scope, {
    policy,
    backboneId,
    isPending: isKeptPending(secondPass),
    crawlSample,
  });
  const changes = changesOfList(before, built);
  if (signal.aborted) throw new Interrupted();
  if (options.reviewEvidence) await runOutsideModels(workspace, { signal, onProgress: onOutside });
  await foldPhotoCounts(app.db, scope, app.log);
  const { rows, ...content } = await readContent(workspace, funnelIn);
  const shown = { ...content, rows: rows.map((row) => measured(row, comparesFeatures)) };
  const files = await writeShortlistFiles({ ...workspace, collection: { ...collection, policy } }, shown, signal);
  const { controls } = policy;
  const drawn = await readCrawlSample(app.db, scope);
  return { ...shown, files, changes, target, controls, drawn, nameOf: (wnid: string) => classNameOf(collection, wnid) };
}

/** If features are not compared, `twinBy` is left out, so that such tables do not change. */
function measured({ twinBy = null, ...row }: ShortlistPhoto, comparesFeatures: boolean): ShortlistPhoto {
  return comparesFeatures ? { ...row, twinBy } : row;
}

async function readContent({ app, scope }: Workspace, funnelIn: ShortlistOptions['funnelIn']) {
  return readSnapshot(app.db, async (trx) => {
    const rows: ShortlistPhoto[] = [];
    for await (const row of listShortlist(trx, scope)) rows.push(row);
    const builtAt = await readBuiltAt(trx, scope.collectionId);
    return { rows, builtAt, funnel: await funnelIn(trx) };
  });
}

interface ShortlistBuild {
  readonly policy: ShortlistPolicy;
  /** The backbone whose features are compared; null: none. */
  readonly backboneId: number | null;
  /** SQL of which photos wait for a second, blind verdict, as `keptPhotos` takes it. Default: none does. */
  readonly isPending?: RawBuilder<unknown>;
  readonly crawlSample?: number | undefined;
}

/**
 * Each class separately, then `alsoIn` across classes. Rows are sorted by wnid. Within a class the listed ones come first by rank,
 * then those left out, in the order of the walk, then the controls by SHA-256, then the dropped photos of the crawl sample. The same
 * catalogue, verdicts and sample give the same rows.
 *
 * @throws UsageError `crawl-sample-open`
 */
export async function buildShortlist(
  db: Kysely<Database>,
  scope: DecisionScope,
  { policy, backboneId, isPending, crawlSample }: ShortlistBuild,
): Promise<ShortlistRow[]> {
  return db.transaction().execute(async (trx) => {
    // Only one build runs at a time. Each reads the kept photos and their verdicts in one statement, so from one snapshot.
    await lockCollection(trx, scope.collectionId);
    const order = scope.concepts === undefined ? LEAST_TRUE_FIRST : SUREST_FIRST;
    const photos = await withFineHashes(trx, await keptPhotos(trx, scope, isPending), policy);
    const rows: ShortlistRow[] = [];
    // Class by class, so that only one class's features are in memory.
    for (const ofClass of byClass(photos))
      rows.push(...shortlistClass(await withFeatures(trx, ofClass, backboneId), policy, order));
    const ranked = await withControls(trx, scope, { policy, rows: markAlsoIn(rows) });
    const stored = await storeRows(trx, scope, { policy, rows: ranked });
    if (crawlSample === undefined) return stored;
    if (crawlSample > 0) requireFinal(ranked, photos);
    await drawCrawlSample(trx, scope, crawlSample);
    return storeRows(trx, scope, { policy, rows: ranked });
  });
}

/** If the same shortlist is stored already, it keeps the time at which it was built. */
async function storeRows(
  trx: Transaction<Database>,
  scope: DecisionScope,
  { policy, rows }: { readonly policy: ShortlistPolicy; readonly rows: readonly ShortlistRow[] },
): Promise<ShortlistRow[]> {
  const shortlist = { policy, rows: withDrawn(rows, await drawnPhotos(trx, scope)) };
  if (!(await isStored(trx, scope, shortlist))) await replaceShortlist(trx, scope, shortlist);
  return shortlist.rows;
}

const FINAL: readonly ReviewedAs[] = ['accepted', 'rejected', 'unsure'];

/** A verdict that comes later could change what is listed, and so the strata. */
function requireFinal(rows: readonly ShortlistRow[], photos: readonly KeptPhoto[]): void {
  const final = new Set(photos.filter(({ reviewedAs }) => FINAL.some((one) => one === reviewedAs)).map(keyOf));
  const listed = rows.filter(({ state }) => state === 'listed');
  const open = listed.filter((row) => !final.has(keyOf(row))).length;
  if (listed.length > 0 && open === 0) return;
  const why =
    listed.length === 0
      ? 'no photo is listed'
      : `${open} of ${countOf(listed.length, 'listed photo')} have no final verdict`;
  throw new UsageError(
    `A sample of the crawl is drawn when the review of the list is done, but ${why}. Run winnow shortlist without --crawl-sample, then winnow review.`,
    { code: 'crawl-sample-open' },
  );
}

function noCrawlSample(collection: string): UsageError {
  return new UsageError(
    `A sample of the crawl is for mode A: the photos of a collection of mode O, such as '${collection}', show none of the classes that a model could get right. Leave out --crawl-sample.`,
    { code: 'no-crawl-sample' },
  );
}

async function withFeatures(
  db: Kysely<Database>,
  photos: readonly KeptPhoto[],
  backboneId: number | null,
): Promise<readonly KeptPhoto[]> {
  if (backboneId === null) return photos;
  const sha256s = photos.map(({ sha256 }) => sha256);
  const vectors = await readUnitVectors(db, backboneId, sha256s);
  return photos.map((photo) => {
    const features = vectors.get(photo.sha256);
    return features === undefined ? photo : { ...photo, features };
  });
}
