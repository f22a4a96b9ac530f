import { rm } from 'node:fs/promises';
import path from 'node:path';
import { writePhotoSet } from './filter-photos.ts';
import { measureWinnow, type Measured } from './filter-summary.ts';
import { runFilter, takeIn, writeCollection, type Project } from './winnow-filter.ts';

export interface Growth {
  readonly photos: number;
  readonly seconds: number;
  readonly measured: Measured;
  /** Time and processor time of a photo, and memory, divided by those of the smallest number of photos. */
  readonly overFirst: {
    readonly perPhoto: number;
    readonly cpuPerPhoto: number;
    readonly peakMemory: number;
    readonly ownPeakMemory: number;
  };
}

/** Filters distinct copies of the samples with true labels, to see whether the cost of a photo depends on their number. */
export async function benchGrowth(
  project: Project,
  wanted: {
    readonly counts: readonly number[];
    readonly wnids: readonly string[];
    readonly settings: Readonly<Record<string, string>>;
  },
): Promise<Growth[]> {
  const results: Growth[] = [];
  const classes = wanted.wnids.length === 1_000 ? 'imagenet-1k' : 'imagenet-a';
  const ensemble = ['efficientnet-lite0', 'efficientnet-lite1'];
  const collection = await writeCollection(project, { name: 'bench-growth', classes, ensemble });
  for (const count of wanted.counts) {
    const folder = path.join(project.folder, 'growth');
    const set = await writePhotoSet(folder, { count, more: undefined, wnids: wanted.wnids });
    const data = await takeIn(project, 'growth', { collection, files: set.files, wnids: set.labels.true });
    const run = await runFilter(project, { collection, data, settings: wanted.settings, inPlace: true });
    const measured = measureWinnow(run, 0);
    const first = results[0]?.measured ?? measured;
    const growth = {
      photos: count,
      seconds: run.work.elapsedSeconds,
      measured,
      overFirst: {
        perPhoto: first.photosPerSecond / measured.photosPerSecond,
        cpuPerPhoto: measured.cpuMsPerPhoto / first.cpuMsPerPhoto,
        peakMemory: measured.peakMegabytes / first.peakMegabytes,
        ownPeakMemory: ownOf(measured) / ownOf(first),
      },
    };
    results.push(growth);
    console.log(growthText(growth));
    for (const each of [folder, data]) await rm(each, { recursive: true, force: true });
  }
  return results;
}

const ownOf = ({ ownPeakMegabytes = 0 }: Measured): number => ownPeakMegabytes;

function growthText({ photos, seconds, measured, overFirst }: Growth): string {
  const { photosPerSecond, cpuMsPerPhoto, peakMegabytes } = measured;
  const ratios = `${overFirst.perPhoto.toFixed(2)} x time, ${overFirst.cpuPerPhoto.toFixed(2)} x CPU a photo, ${overFirst.peakMemory.toFixed(2)} x memory, ${overFirst.ownPeakMemory.toFixed(2)} x winnow's own`;
  return `growth  ${photos} photos: ${seconds.toFixed(1)} s, ${photosPerSecond.toFixed(1)} photos/s, ${cpuMsPerPhoto.toFixed(1)} CPU ms/photo, ${peakMegabytes.toFixed(0)} MB, winnow's own ${ownOf(measured).toFixed(0)}  (${ratios})`;
}
