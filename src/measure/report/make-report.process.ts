import { version } from '../../core/config/version.ts';
import { CENTRE_CROP, CROPS_PER_MEMBER } from '../../core/models/evidence/evidence.ts';
import { StopTheRun, UsageError, codeOf, messageOf } from '../../core/kernel/errors.ts';
import { groupBy } from '../../core/kernel/group-by.ts';
import { readState } from './catalogue-facts.repository.ts';
import { choosePhotos } from './chosen-photos.ts';
import { ruleSentences } from './method.ts';
import type { Prediction } from '../evaluate/prediction.ts';
import { REPORT_FORMAT, type ModelReport, type Report, type ReportedPhotos } from './report.ts';
import { keptWithRights, reviewedControls, type ReportedPhoto } from './reported-photo.repository.ts';
import type { ReportInputs } from './stored-report.repository.ts';
import type { ListedSubject } from '../../core/shortlist/shortlist.repository.ts';
import { choicesFor } from '../../core/export/protocol-of.process.ts';
import { classNameOf, type Workspace } from '../../core/models/workspace/workspace.process.ts';
import { HEAD_PHOTOS } from '../../core/photo/head-photos.process.ts';
import { lookAt } from '../../core/shortlist/outside-models.process.ts';
import type { CrawlPhoto } from '../../core/shortlist/crawl-sample.repository.ts';
import { crawlPart, isValid, readCrawl } from './crawl.process.ts';
import { cataloguePart } from './catalogue-part.process.ts';
import { detectionClasses, takeFromMore } from './detection-classes.process.ts';
import { fittedAmong, type Folders } from './fitted-photos.process.ts';
import { readFairness } from './fairness.process.ts';
import { creatorsOf } from './fairness.ts';
import { galleryOf } from './gallery.process.ts';
import { controlPart, memberGapOf, modelReport, pairsPart, type SeenByModel } from './model-reports.process.ts';
import { reportedModels, type ReportedModel } from './models.process.ts';
import { openFolder, viewFolder, type FolderOptions, type OutsideFolder } from '../evaluate/outside-folder.process.ts';
import { readView, type ModelView, type Viewed } from './views.process.ts';
import { MODES } from '../../core/collection/modes.ts';

export interface ReportProgress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

export interface MakeReportOptions extends ReportInputs {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReportProgress) => void;
  /** First runs the crops that the set without each member depends on. */
  readonly fill?: boolean | undefined;
}

export interface MadeReport {
  readonly report: Report;
  readonly kept: readonly ReportedPhoto[];
}

/**
 * Models evaluate only photos without stored evidence.
 * @throws UsageError `nothing-to-report`, `unknown-model`, `report-model`, `no-pictures`; StopTheRun; Interrupted
 */
export async function makeReport(workspace: Workspace, options: MakeReportOptions): Promise<MadeReport> {
  const { app, collection, scope } = workspace;
  const { signal } = options;
  const { state, at } = await readState(app.db, scope);
  const kept = await keptWithRights(app.db, scope);
  const { which, photos } = choosePhotos(kept, { wanted: options.which, mode: collection.mode });
  if (photos.length === 0) throw nothingToReport(workspace, which);
  const { workspace: viewed, lists } = await detectionClasses(workspace, options.among ?? null);
  const folders = await openFolders(viewed, options);
  const reviewed = ofClassesOf(
    kept.filter(({ rank }) => rank !== null),
    await reviewedControls(app.db, scope),
  );
  const controls = ofClassesOf(photos, reviewed).filter(({ verdict }) => verdict === 'accepted');
  const judged = await readCrawl(workspace);
  const crawl = 'reason' in judged ? [] : judged.photos.filter(isValid);
  const { seen, leftOut } = await lookWithAll(viewed, { photos, controls, crawl, folders, options });
  const reports: ModelReport[] = [];
  for (const one of seen) reports.push(await modelReport(viewed, one, { photos, lists, signal }));
  const models = seen.map(({ model }) => model);
  const report: Report = {
    format: REPORT_FORMAT,
    collection: collection.name,
    mode: collection.mode,
    winnow: version,
    at: at ?? '',
    state,
    set: { which, photos: photos.length, classes: new Set(photos.map(({ wnid }) => wnid)).size },
    among: scope.wnids.length,
    classNames: Object.fromEntries(
      namedClasses(workspace, photos).map((wnid) => [wnid, classNameOf(collection, wnid)]),
    ),
    rule: ruleSentences(collection),
    choices: await choicesFor(workspace),
    clean: folders.clean === null ? null : cleanFacts(folders.clean),
    inDistribution: folders.inDistribution === null ? null : cleanFacts(folders.inDistribution),
    leftOut,
    ...(await cataloguePart(workspace, { photos, kept })),
    models: reports,
    ...(reviewed.length === 0 ? {} : controlPart(seen, reviewed, reports)),
    ...crawlPart(judged, seen),
    ...pairsPart(seen, creatorsOf(photos)?.clusters ?? null),
    memberGap: memberGapOf(reports),
    crops: { models: MODES[collection.mode].showsClass ? seen.map(cropsOf) : [] },
    fairness: await readFairness(workspace, { seen, photos, kept, options }),
    gallery: await galleryOf(workspace, { photos, models }, signal),
  };
  return { report, kept };
}

function cropsOf({ photos, model }: SeenByModel) {
  return photos.crops.report(model.card.name, model.isMember);
}

/** Leaves out photos of other classes than the collection's, in mode O than those of the figures of detection, as the paper does. */
async function openFolders(
  workspace: Workspace,
  { clean, inDistribution, signal }: MakeReportOptions,
): Promise<Folders> {
  const { mode } = workspace.collection;
  if (MODES[mode].showsClass && inDistribution !== null)
    throw new UsageError(
      `--in-distribution is for mode O, but '${workspace.collection.name}' is of mode A. Give --clean a folder of photos that were not filtered.`,
      { code: 'report-mode' },
    );
  const open = (folder: string | null, option: string): Promise<OutsideFolder | null> =>
    folder === null ? Promise.resolve(null) : openFolder(workspace, folder, { option, signal });
  return { clean: await open(clean, '--clean'), inDistribution: await open(inDistribution, '--in-distribution') };
}

/** Controls of a class without photos of the set have nothing to be compared with. */
function ofClassesOf(photos: readonly ReportedPhoto[], controls: readonly ReportedPhoto[]): ReportedPhoto[] {
  const classes = new Set(photos.map(({ wnid }) => wnid));
  return controls.filter(({ wnid }) => classes.has(wnid));
}

function cleanFacts({ name, pictures }: OutsideFolder): NonNullable<Report['clean']> {
  return { folder: name, photos: pictures.length, classes: new Set(pictures.map(({ wnid }) => wnid)).size };
}

interface Looking {
  readonly photos: readonly ReportedPhoto[];
  readonly controls: readonly ReportedPhoto[];
  /** The valid photos of the crawl, of which people judged a sample. */
  readonly crawl: readonly CrawlPhoto[];
  readonly folders: Folders;
  readonly options: MakeReportOptions;
}

/** A model that was no member and is damaged is left out, unless it was asked for. */
async function lookWithAll(
  workspace: Workspace,
  looking: Looking,
): Promise<{ readonly seen: SeenByModel[]; readonly leftOut: Report['leftOut'] }> {
  const wanted = looking.options.models;
  const { models, leftOut } = await reportedModels(workspace, wanted);
  const seen: SeenByModel[] = [];
  const broken: { model: string; reason: string }[] = [];
  for (const model of models) {
    try {
      seen.push(await lookWith(workspace, model, looking));
    } catch (error) {
      const isDamaged = error instanceof StopTheRun || codeOf(error) === HEAD_PHOTOS;
      if (!isDamaged || model.isMember || wanted !== null) throw error;
      broken.push({ model: model.card.name, reason: messageOf(error) });
    }
  }
  return { seen, leftOut: [...leftOut, ...broken] };
}

async function lookWith(
  workspace: Workspace,
  model: ReportedModel,
  { photos, controls, crawl, folders, options: { signal, onProgress } }: Looking,
): Promise<SeenByModel> {
  const fitted = await fittedAmong(workspace.app.db, model.card, { photos, crawl, ...folders });
  const watched = (what: string) => ({
    signal,
    onProgress: (now: { done: number; total: number }) => onProgress({ what: `${model.card.name} ${what}`, ...now }),
  });
  const look = async (folder: OutsideFolder | null, what: string): Promise<SeenByModel['clean']> => {
    if (folder === null) return null;
    const pictures = folder.pictures.filter((picture) => !fitted.pictures.has(picture));
    const seen = await viewFolder(workspace, model, { ...folder, ...watched(what), pictures });
    return inPlace(folder.pictures, pictures, seen);
  };
  const rest = photos.filter(({ photoId }) => !fitted.photoIds.has(photoId));
  const ofCrawl = model.isMember ? [] : crawl.filter(({ photoId }) => !fitted.photoIds.has(photoId));
  const onCrawl = await viewPhotos(workspace, model, { photos: ofCrawl, ...watched('on the crawl') });
  const view = await viewPhotos(workspace, model, { photos: rest, ...watched('on the set') });
  return {
    model,
    fitted: fitted.counts,
    photos: { ...view, predictions: inPlace(photos, rest, view.predictions) },
    control: (await viewPhotos(workspace, model, { photos: controls, ...watched('on controls') })).predictions,
    crawl: inPlace(crawl, ofCrawl, onCrawl.predictions),
    clean: await look(folders.clean, 'on clean photos'),
    inDistribution: await look(folders.inDistribution, 'in the distribution'),
  };
}

function inPlace<T extends object>(
  all: readonly T[],
  some: readonly T[],
  said: readonly (Prediction | null)[],
): (Prediction | null)[] {
  const byItem = new Map(some.map((item, i) => [item, said[i] ?? null]));
  return all.map((item) => byItem.get(item) ?? null);
}

function namedClasses({ collection }: Workspace, photos: readonly ReportedPhoto[]): string[] {
  return [
    ...new Set([...collection.classes.wnids, ...photos.flatMap(({ wnid, confusionWnid }) => [wnid, confusionWnid])]),
  ].toSorted();
}

function nothingToReport({ collection }: Workspace, which: ReportedPhotos): UsageError {
  const why = {
    accepted: 'no photo is accepted',
    listed: 'no photo is on the shortlist',
    kept: 'the filter keeps no photo',
  }[which];
  return new UsageError(
    `There is nothing to report of '${collection.name}': ${why}. Run winnow crawl, filter, shortlist and review first, or see --photos.`,
    { code: 'nothing-to-report' },
  );
}

const ALL_CROPS = Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => crop);

/**
 * A model outside the ensemble first evaluates the photos without stored evidence, which is then stored, also if
 * interrupted. Members have evaluated every kept photo, but not every control.
 */
async function viewPhotos<Photo extends Viewed>(
  workspace: Workspace,
  model: ReportedModel,
  { photos, signal, onProgress }: FolderOptions & { readonly photos: readonly Photo[] },
): Promise<ModelView<Photo>> {
  const { showsClass } = MODES[workspace.collection.mode];
  let view = await readView(workspace, model.memberId, photos);
  if (!showsClass && (await takeFromMore(workspace, model.memberId, view.lacking)) > 0)
    view = await readView(workspace, model.memberId, photos);
  // The filter stops at the first crop that drops a photo, so members may lack a control's centre crop.
  const lacking = model.isMember ? photos.filter((_, i) => view.predictions[i] === null) : view.lacking;
  if (lacking.length === 0) return view;
  const subjects = [...groupBy(lacking, ({ photoId }) => photoId).values()].flatMap(subjectOf);
  const crops = showsClass ? ALL_CROPS : [CENTRE_CROP];
  const onDone = (done: number): void => onProgress({ done, total: subjects.length });
  await lookAt(workspace, model, { photos: subjects, crops, signal, onDone });
  return readView(workspace, model.memberId, photos);
}

function subjectOf(same: readonly Viewed[]): ListedSubject[] {
  return same.slice(0, 1).map(({ photoId, sha256 }) => ({ photoId, sha256, wnids: same.map(({ wnid }) => wnid) }));
}
