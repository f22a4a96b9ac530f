import { AttributionFiles } from '../../export/attribution-files.process.ts';
import { openCoco } from '../../export/coco.process.ts';
import { openMetadata } from '../../export/metadata.process.ts';
import type { OutputFolder, PhotoSink } from '../../export/output-folder.process.ts';
import { ParquetSink } from '../../export/parquet.process.ts';
import { openPixelHashes } from '../../export/pixel-hashes.process.ts';
import type { PhotoFile } from '../../export/photo-row.ts';
import { ShardSink } from '../../export/shards.process.ts';
import { ThumbnailSink } from '../../export/thumbnails.process.ts';
import { smallWebp } from '../../platform/image/thumbnail.ts';
import type { Workspace } from '../open/workspace.ts';
import { THUMBNAIL_QUALITY } from '../photos/thumbnails.ts';
import type { ExportOptions } from './options.ts';
import type { Plan } from './plan.ts';

/** Opens the tables and the other forms in which a revision is written beside its pictures. */
export async function openSinks(
  { app, collection }: Workspace,
  output: OutputFolder,
  { plan, options }: { readonly plan: Plan; readonly options: ExportOptions },
): Promise<PhotoSink<PhotoFile>[]> {
  const { formats, thumbnails, pixels } = options;
  const sinks: PhotoSink<PhotoFile>[] = [
    await openMetadata(output),
    await AttributionFiles.open(output, collection.name),
  ];
  const classNames = plan.classes.map(({ name }) => name);
  if (!pixels) sinks.push(await openPixelHashes(output));
  if (formats.includes('webdataset')) sinks.push(new ShardSink(output));
  if (formats.includes('coco'))
    sinks.push(await openCoco(output, { collection: collection.name, frozenAt: plan.frozenAt }));
  if (formats.includes('parquet'))
    sinks.push(new ParquetSink(output, { classNames, hasSearchedWnid: collection.mode === 'O' }));
  const small = { maxSidePixels: app.config.shortlist.thumbnailPixels, quality: THUMBNAIL_QUALITY };
  if (thumbnails) sinks.push(new ThumbnailSink(output, ({ bytes }) => smallWebp(bytes, small)));
  return sinks;
}
