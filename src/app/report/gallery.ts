import { StopTheRun, UsageError } from '../../kernel/errors.ts';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import { photoSize } from '../../photo/photo.repository.ts';
import { CENTRE_CROPS } from '../../report/crop-tally.ts';
import { chooseGallery } from '../../report/gallery.ts';
import type { GalleryPhoto } from '../../report/report.ts';
import type { ReportedPhoto } from '../../report/reported-photo.repository.ts';
import { cropOnPhoto } from '../../review/crop-box.ts';
import type { Heatmap } from '../../review/desk.ts';
import type { HeatmapValues } from '../../review/heatmap.ts';
import { backboneOf, threadsOf } from '../engine/ensemble.ts';
import { nameOf, type Workspace } from '../open/workspace.ts';
import { activationHead, manyHeatmaps } from '../review/heatmap.ts';
import type { ReportedModel } from './models.ts';

/**
 * Photos that show why models fail, with heatmaps of the first member whose heatmaps are exact, or else of the first one. A photo
 * that the model cannot look at has none.
 *
 * @throws Interrupted
 */
export async function galleryOf(
  workspace: Workspace,
  { photos, models }: { readonly photos: readonly ReportedPhoto[]; readonly models: readonly ReportedModel[] },
  signal: AbortSignal,
): Promise<GalleryPhoto[]> {
  const chosen = chooseGallery(photos);
  const model = await heatmapModel(models);
  const maps = model === null ? null : await heatmapsOf(workspace, { chosen, model }, signal);
  return chosen.map((photo) => {
    const { sha256, wnid, confusionWnid, maxTrueProb, confusionProb, creator, licence, tags } = photo;
    const shown = maps?.get(sha256);
    return {
      sha256,
      wnid,
      predictedWnid: confusionWnid,
      maxTrueProb,
      predictedProb: confusionProb,
      credit: creator ?? 'unknown',
      licence,
      tags,
      model: shown === undefined ? null : (model?.card.name ?? null),
      searched: shown?.get(wnid) ?? null,
      predicted: shown?.get(confusionWnid) ?? null,
    };
  });
}

async function heatmapModel(models: readonly ReportedModel[]): Promise<ReportedModel | null> {
  const members = models.filter(({ isMember }) => isMember);
  for (const member of members) if ((await activationHead(member.card)) !== null) return member;
  return members[0] ?? null;
}

type Maps = ReadonlyMap<Sha256, ReadonlyMap<Wnid, Heatmap>>;

async function heatmapsOf(
  workspace: Workspace,
  { chosen, model }: { readonly chosen: readonly ReportedPhoto[]; readonly model: ReportedModel },
  signal: AbortSignal,
): Promise<Maps | null> {
  const { app, collection } = workspace;
  const { card, classes } = model;
  const rowOf = (wnid: Wnid): number | null => classes.positionOf({ wnid, name: nameOf(collection, wnid) });
  const wanted = chosen.map(({ sha256, wnid, confusionWnid }) => {
    const rows = [wnid, confusionWnid].map(rowOf).filter((row) => row !== null);
    return { sha256, rows };
  });
  try {
    const { filter } = app.config;
    const values = await manyHeatmaps(
      app,
      { card, classes, photos: wanted },
      { threads: threadsOf(filter.threads), signal },
    );
    return new Map(
      await Promise.all(
        chosen.map(async (photo): Promise<[Sha256, ReadonlyMap<Wnid, Heatmap>]> => {
          const shown = await placed(workspace, model, { photo, values: values.get(photo.sha256) ?? new Map() });
          return [photo.sha256, shown];
        }),
      ),
    );
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StopTheRun)) throw error;
    app.log.warn({ model: card.name, reason: error.message }, 'the report has no heatmaps');
    return null;
  }
}

/** The heatmaps of one photo at their place on it. */
async function placed(
  { app, collection }: Workspace,
  { card, classes }: ReportedModel,
  { photo, values }: { readonly photo: ReportedPhoto; readonly values: ReadonlyMap<number, HeatmapValues> },
): Promise<ReadonlyMap<Wnid, Heatmap>> {
  const size = await photoSize(app.db, photo.sha256);
  const shown = new Map<Wnid, Heatmap>();
  if (size === undefined) return shown;
  const { box } = cropOnPhoto(size, backboneOf(card).input, CENTRE_CROPS[0]);
  for (const wnid of [photo.wnid, photo.confusionWnid]) {
    const row = classes.positionOf({ wnid, name: nameOf(collection, wnid) });
    const heatmap = row === null ? undefined : values.get(row);
    if (heatmap !== undefined) shown.set(wnid, { ...heatmap, box });
  }
  return shown;
}
