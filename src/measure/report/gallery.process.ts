import { CENTRE_CROP } from '../../core/models/evidence/evidence.ts';
import { StopTheRun, UsageError } from '../../core/kernel/errors.ts';
import { groupBy } from '../../core/kernel/group-by.ts';
import type { Sha256, Wnid } from '../../core/kernel/ids.ts';
import { photoSize } from '../../core/photo/photo.repository.ts';
import { chooseGallery } from './choose-gallery.ts';
import type { GalleryPhoto } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';
import { cropOnPhoto } from '../../core/review/heatmap/crop-box.ts';
import type { Heatmap } from '../../core/review/desk/desk.ts';
import { backboneOf, threadsOf } from '../../core/models/engine/ensemble.process.ts';
import { classNameOf, type Workspace } from '../../core/models/workspace/workspace.process.ts';
import { activationHead } from '../../core/review/heatmap/compute-heatmaps.process.ts';
import { manyHeatmaps } from '../../core/review/heatmap/heatmaps.process.ts';
import type { ReportedModel } from './models.process.ts';

/** Heatmaps are of the first member whose heatmaps are exact, or else of the first one. @throws Interrupted */
export async function galleryOf(
  workspace: Workspace,
  { photos, models }: { readonly photos: readonly ReportedPhoto[]; readonly models: readonly ReportedModel[] },
  signal: AbortSignal,
): Promise<GalleryPhoto[]> {
  const chosen = chooseGallery(photos);
  const model = await heatmapModel(models);
  const maps = model === null ? null : await heatmapsOf(workspace, { chosen, model }, signal);
  return chosen.map((photo) => {
    const { sha256, wnid, confusionWnid, maxTrueProb, confusionProb, rights, tags } = photo;
    const shown = maps?.get(sha256);
    return {
      sha256,
      wnid,
      predictedWnid: confusionWnid,
      maxTrueProb,
      predictedProb: confusionProb,
      credit: rights.creator ?? 'unknown',
      licence: rights.licence,
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
  const classesOf = new Map(
    [...groupBy(chosen, ({ sha256 }) => sha256)].map(([sha256, same]) => [
      sha256,
      [...new Set(same.flatMap(({ wnid, confusionWnid }) => [wnid, confusionWnid]))],
    ]),
  );
  const rowOf = (wnid: Wnid): number | null => classes.positionOf({ wnid, name: classNameOf(collection, wnid) });
  const photos = [...classesOf].map(([sha256, wnids]) => ({
    sha256,
    rows: wnids.map(rowOf).filter((row) => row !== null),
  }));
  const threads = threadsOf(app.config.filter.threads);
  try {
    const values = await manyHeatmaps(app, { card, classes, photos }, { threads, signal });
    const maps = new Map<Sha256, ReadonlyMap<Wnid, Heatmap>>();
    for (const [sha256, wnids] of classesOf) {
      const size = await photoSize(app.db, sha256);
      if (size === undefined) continue;
      const { box } = cropOnPhoto(size, backboneOf(card).input, CENTRE_CROP);
      const placed = wnids.flatMap((wnid): [Wnid, Heatmap][] => {
        const found = values.get(sha256)?.get(rowOf(wnid) ?? -1);
        return found === undefined ? [] : [[wnid, { ...found, box }]];
      });
      maps.set(sha256, new Map(placed));
    }
    return maps;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StopTheRun)) throw error;
    app.log.warn({ model: card.name, reason: error.message }, 'the report has no heatmaps');
    return null;
  }
}
