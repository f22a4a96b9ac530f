import { version } from '../../config/version.ts';
import { choicesOf } from '../../export/choices.ts';
import { throwIfInterrupted, UsageError } from '../../kernel/errors.ts';
import { readState } from '../../report/catalogue-facts.repository.ts';
import { choosePhotos } from '../../report/chosen-photos.ts';
import { ruleSentences } from '../../report/method.ts';
import { matrixOf } from '../../report/feature-matrix.ts';
import type { FrechetDistance, Report, ReportedPhotos } from '../../report/report.ts';
import { keptWithRights, type ReportedPhoto } from '../../report/reported-photo.repository.ts';
import type { ReportInputs } from '../../report/stored-report.repository.ts';
import { computeAside } from '../engine/compute-aside.ts';
import { nameOf, type Workspace } from '../open/workspace.ts';
import { cataloguePart } from './catalogue-part.ts';
import { galleryOf } from './gallery.ts';
import { comparisonsOf, memberGapOf, modelReport, type SeenByModel } from './model-reports.ts';
import { reportedModels, type ReportedModel } from './models.ts';
import { openFolder, viewFolder, type OutsideFolder } from './outside-folder.ts';
import { photoFeatures, viewPhotos } from './set-views.ts';

/** What is being done, for people. */
export interface ReportProgress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

export interface MakeReportOptions extends ReportInputs {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReportProgress) => void;
}

/**
 * Computes a report from the catalogue. Models only look at photos that they have not seen yet.
 *
 * @throws UsageError `nothing-to-report`, `unknown-model`, `report-model`, `not-a-folder`, `no-pictures`, `unreadable-photo`; StopTheRun;
 * Interrupted
 */
export async function makeReport(workspace: Workspace, options: MakeReportOptions): Promise<Report> {
  const { app, collection, scope } = workspace;
  const { signal } = options;
  const { state, at } = await readState(app.db, scope);
  const kept = await keptWithRights(app.db, scope);
  const { which, photos } = choosePhotos(kept, { wanted: options.which, mode: collection.mode });
  if (photos.length === 0) throw nothingToReport(workspace, which);
  const { models, leftOut } = await reportedModels(workspace, options.models);
  const folders = await openFolders(workspace, options);
  const seen: SeenByModel[] = [];
  for (const model of models) seen.push(await lookWith(workspace, model, { photos, folders, options }));
  const reports = seen.map((one) => modelReport(workspace, one, photos));
  throwIfInterrupted(signal);
  return {
    format: 1,
    collection: collection.name,
    mode: collection.mode,
    winnow: version,
    at: at ?? '',
    state,
    set: { which, photos: photos.length, classes: new Set(photos.map(({ wnid }) => wnid)).size },
    among: scope.wnids.length,
    classNames: Object.fromEntries(namedClasses(workspace, photos).map((wnid) => [wnid, nameOf(collection, wnid)])),
    rule: ruleSentences(collection),
    choices: choicesOf(collection.mode),
    clean: folders.clean === null ? null : cleanFacts(folders.clean),
    inDistribution: folders.inDistribution === null ? null : cleanFacts(folders.inDistribution),
    leftOut,
    ...(await cataloguePart(workspace, { photos, kept })),
    models: reports,
    comparisons: comparisonsOf(seen),
    memberGap: memberGapOf(reports),
    frechet: await frechetOf(workspace, { seen, photos, options }),
    crops: {
      models:
        collection.mode === 'A'
          ? seen.map((one) => one.photos.crops.report(one.model.card.name, one.model.isMember))
          : [],
    },
    gallery: await galleryOf(workspace, { photos, models }, signal),
  };
}

interface Folders {
  readonly clean: OutsideFolder | null;
  readonly inDistribution: OutsideFolder | null;
}

/** Photos of other classes than those of the collection say nothing about it. */
async function openFolders(
  workspace: Workspace,
  { clean, inDistribution, signal }: MakeReportOptions,
): Promise<Folders> {
  return {
    clean:
      clean === null
        ? null
        : await openFolder(workspace, clean, { option: '--clean', only: workspace.collection.classes.wnids, signal }),
    inDistribution:
      inDistribution === null
        ? null
        : await openFolder(workspace, inDistribution, { option: '--in-distribution', only: null, signal }),
  };
}

function cleanFacts({ name, pictures }: OutsideFolder): NonNullable<Report['clean']> {
  return { folder: name, photos: pictures.length, classes: new Set(pictures.map(({ wnid }) => wnid)).size };
}

interface Looking {
  readonly photos: readonly ReportedPhoto[];
  readonly folders: Folders;
  readonly options: MakeReportOptions;
}

async function lookWith(
  workspace: Workspace,
  model: ReportedModel,
  { photos, folders, options: { signal, onProgress } }: Looking,
): Promise<SeenByModel> {
  const watched = (what: string) => ({
    signal,
    onProgress: (now: { done: number; total: number }) => onProgress({ what: `${model.card.name} ${what}`, ...now }),
  });
  const { clean, inDistribution } = folders;
  return {
    model,
    photos: await viewPhotos(workspace, model, { photos, ...watched('on the set') }),
    clean: clean === null ? null : await viewFolder(workspace, model, { ...clean, ...watched('on clean photos') }),
    inDistribution:
      inDistribution === null
        ? null
        : await viewFolder(workspace, model, { ...inDistribution, ...watched('in the distribution') }),
  };
}

interface Comparable {
  readonly seen: readonly SeenByModel[];
  readonly photos: readonly ReportedPhoto[];
  readonly options: MakeReportOptions;
}

/** For each model that was no member and gives features, or else for the members. */
async function frechetOf(workspace: Workspace, { seen, photos, options }: Comparable): Promise<FrechetDistance[]> {
  const able = seen.flatMap(({ model, clean }) =>
    clean?.features == null ? [] : [{ model, features: clean.features }],
  );
  const outside = able.filter(({ model }) => !model.isMember);
  const distances: FrechetDistance[] = [];
  for (const { model, features: clean } of outside.length > 0 ? outside : able) {
    const { signal, onProgress } = options;
    const backbone = model.card.name;
    const watched = {
      signal,
      onProgress: (now: { done: number; total: number }) => onProgress({ what: `features of ${backbone}`, ...now }),
    };
    const features = await photoFeatures(workspace, model, { photos, ...watched });
    throwIfInterrupted(signal);
    if (features.length < 2 || clean.length < 2) continue;
    const distance = await computeAside('frechetDistance', [matrixOf(features), matrixOf(clean)], signal);
    distances.push({
      backbone,
      distance,
      photos: features.length,
      cleanPhotos: clean.length,
      dimensions: clean[0]?.length ?? 0,
    });
  }
  return distances;
}

/** Every class that the report names. */
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
