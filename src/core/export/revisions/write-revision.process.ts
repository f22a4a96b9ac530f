import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { inBatches } from '../../kernel/batches.ts';
import { packageRoot } from '../../config/root.ts';
import { openAttribution } from '../card/attribution-files.process.ts';
import { accountOf } from '../card/account.ts';
import { domainsCsv } from '../card/domains-csv.ts';
import { exportCard } from '../card/card.ts';
import { openCoco } from '../forms/coco.process.ts';
import { croissantText } from '../croissant/croissant.ts';
import { decisionLines, decisionsHeader } from '../forms/decisions-csv.ts';
import { licencesPage } from '../card/licences-page.ts';
import type { OutputFolder, PhotoSink, WrittenFile } from '../output-folder.process.ts';
import { ParquetSink } from '../forms/parquet.process.ts';
import type { PhotoFile } from '../select/photo-row.ts';
import type { Protocol } from '../protocol.ts';
import { ReleasedNames } from './released-name.ts';
import type { RowContext } from '../select/row-of.ts';
import { openShards } from '../forms/shards.process.ts';
import { openMetadata, openPixelHashes, thumbnailSink } from '../forms/simple-forms.process.ts';
import {
  ATTRIBUTION,
  CARD,
  CONTROL_METADATA,
  CROISSANT,
  DECISIONS,
  DOMAINS,
  FETCH_SCRIPT,
  LICENCES_PAGE,
  METADATA,
  PROTOCOL,
} from '../layout.ts';
import { smallWebp } from '../../platform/image/thumbnail.ts';
import { classNameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { THUMBNAIL_QUALITY } from '../../photo/thumbnails.process.ts';
import type { ExportOptions } from '../options.ts';
import type { RevisionPlan } from '../select/plan.process.ts';
import { readPlan } from '../select/plan-file.process.ts';
import { protocolOf } from '../protocol-of.process.ts';
import { writePhotos } from './write-photos.process.ts';
import { EXPORT_MODES } from '../modes.ts';

interface ToWrite {
  readonly plan: RevisionPlan;
  readonly output: OutputFolder;
  readonly options: ExportOptions;
}

/** It goes with exports without pictures: their readers fetch the photos with it. */
const FETCH_PROGRAM = path.join(packageRoot, 'assets', FETCH_SCRIPT);
const PHOTOS_AT_ONCE = 256;
const PROVED = new Set([METADATA, CONTROL_METADATA, ATTRIBUTION, DECISIONS]);

/** Writes all files of a revision. The tables come before the protocol, which has their hashes. */
export async function writeRevision(
  workspace: Workspace,
  given: ToWrite,
): Promise<{ readonly protocol: Protocol; readonly linked: number }> {
  const { plan, output, options } = given;
  const files: WrittenFile[] = [await writeDecisions(workspace, given)];
  const attribution = await openAttribution(output, workspace.collection.name);
  const sinks = [...(await openSinks(workspace, output, { plan, options })), attribution];
  const common = { file: plan.file, output, context: rowContextOf(workspace, given), options };
  const { linked, ...photos } = await writePhotos(workspace.app, {
    ...common,
    split: 'test',
    sinks,
    onProgress: (written) => options.onProgress({ ...written, of: plan.photos }),
  });
  const controls = plan.control === null ? [] : [await openMetadata(output, CONTROL_METADATA)];
  const { bytes: controlBytes } = await writePhotos(workspace.app, {
    ...common,
    split: 'control',
    sinks: [...controls, attribution],
    onProgress: () => undefined,
  });
  for (const sink of [...controls, ...sinks]) files.push(...(await sink.finish()));
  const tables = files.filter((file) => PROVED.has(file.path));
  const protocol = await protocolOf(workspace, { plan, options, written: { ...photos, tables, controlBytes } });
  if (!options.pixels) files.push(await output.put(FETCH_SCRIPT, await readFile(FETCH_PROGRAM)));
  await output.put(PROTOCOL, `${JSON.stringify(protocol, null, 2)}\n`);
  // These follow from the protocol, and two of them from the other files.
  const account = accountOf(protocol);
  await output.put(LICENCES_PAGE, licencesPage(account));
  await output.put(DOMAINS, domainsCsv(account));
  await output.put(CROISSANT, croissantText(account, files));
  await output.put(CARD, exportCard(account, files));
  return { protocol, linked };
}

async function writeDecisions({ collection }: Workspace, { plan, output }: ToWrite): Promise<WrittenFile> {
  const file = await output.start(DECISIONS);
  const hasSplit = plan.control !== null;
  await file.write(decisionsHeader(hasSplit));
  const names = {
    classNameOf: (wnid: string): string => classNameOf(collection, wnid),
    letters: plan.letters,
    hasSplit,
  };
  for await (const photos of inBatches(readPlan(plan.file), PHOTOS_AT_ONCE))
    await file.write(decisionLines(photos, names));
  return file.close();
}

function rowContextOf({ collection }: Workspace, { plan, options }: ToWrite): RowContext {
  const released = options.names === 'imagenet-a' ? new ReleasedNames() : null;
  return {
    mode: collection.mode,
    classOf: new Map(plan.classes.map((of) => [of.wnid, of])),
    hasSplit: plan.control !== null,
    nameFor:
      released === null
        ? null
        : (row, photo) =>
            released.nameFor(row, classNameOf(collection, EXPORT_MODES[collection.mode].releasedAs(photo))),
  };
}

async function openSinks(
  { app, collection }: Workspace,
  output: OutputFolder,
  { plan, options }: { readonly plan: RevisionPlan; readonly options: ExportOptions },
): Promise<PhotoSink<PhotoFile>[]> {
  const { formats, thumbnails, pixels } = options;
  const sinks: PhotoSink<PhotoFile>[] = [await openMetadata(output)];
  const classNames = plan.classes.map(({ name }) => name);
  if (!pixels) sinks.push(await openPixelHashes(output));
  if (formats.includes('webdataset')) sinks.push(openShards(output));
  if (formats.includes('coco'))
    sinks.push(await openCoco(output, { collection: collection.name, frozenAt: plan.frozenAt }));
  if (formats.includes('parquet'))
    sinks.push(
      new ParquetSink(output, {
        classNames,
        ...EXPORT_MODES[collection.mode],
        hasAlso: true,
        hasSplit: plan.control !== null,
        hasEvidence: plan.imported !== null,
      }),
    );
  const small = { maxSidePixels: app.config.shortlist.thumbnailPixels, quality: THUMBNAIL_QUALITY };
  if (thumbnails) sinks.push(thumbnailSink(output, ({ bytes }) => smallWebp(bytes, small)));
  return sinks;
}
