import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { recorded } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import { exportRevision, type ExportResult } from '../../export/export.process.ts';
import type { ExportOptions } from '../../export/options.ts';
import { didYouMean } from '../../config/nearest.ts';
import { displayPath } from '../../config/root.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../../export/protocol.ts';
import { releasedNamesProblem } from '../../export/revisions/released-name.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { shortId } from '../../export/revisions/revision-id.ts';
import type { ActivityDetail } from '../../kernel/activity.ts';
import { UsageError } from '../../kernel/errors.ts';
import { placeFlags, unlicensedText } from '../../kernel/next-step.ts';
import { countWithoutLicence } from '../../shortlist/without-licence.repository.ts';
import { normaliseLicence } from '../../crawl/sources/licence.ts';
import { bytesText, countText, plural, shellWord, writeResult } from '../text/output.ts';
import { withProgress } from '../text/progress.ts';
import { addCommand, runOnCollection, type CollectionContext, type GlobalFlags } from '../start/context.ts';
import { addExportDiffCommand, addExportListCommand } from './revisions.ts';

interface ExportFlags extends GlobalFlags {
  readonly out?: string;
  readonly format?: readonly ExportFormat[];
  readonly names: 'id' | 'imagenet-a';
  readonly by: 'predicted' | 'concept';
  readonly licences?: readonly string[] | null;
  readonly pixels: boolean;
  readonly hardLinks?: boolean;
  readonly thumbnails?: boolean;
  readonly keepMetadata?: boolean;
}

const HELP = `
Writes the photos that reviewers accepted into a new folder, with the rights of every photo, all
verdicts, the rules and hashes of the models, and checksums. The folder loads in torchvision, Hugging
Face datasets and Croissant tools as it is; README.md is its card. The folder gets its name only when
it is complete. A revision is never changed: the same catalogue and verdicts give the same bytes.
Before anything is written, the stored evidence of every photo is checked against the rule.

Photos whose licence forbids redistribution (all-rights-reserved, unknown) are left out, and counted,
unless --licences names it or --no-pixels leaves out all pictures. winnow verify checks an export.

Exported JPEG and PNG files lose their metadata: EXIF with positions and serial numbers, XMP, IPTC,
comments, and what follows the picture. Pixels, colour profile and orientation stay. --keep-metadata
keeps it, and the card says so. Turned, transparent, 16-bit and WebP pictures are written as PNG.

Examples:
  winnow export --collection imagenet-a --out exports/v1
  winnow export --collection imagenet-a --out exports/v1 --format webdataset,coco,parquet
  winnow export --collection imagenet-a --out exports/open --licences CC0-1.0,CC-BY-4.0
  winnow export list --collection imagenet-a
  winnow export diff 3f2a 91bc --collection imagenet-a
`;

export function addExportCommand(program: Command): void {
  const command = addCommand(program, 'export', 'Freeze the accepted photos into a dataset that other tools load')
    .option('--out <dir>', 'the folder to make')
    .option('--format <formats>', `also write ${EXPORT_FORMATS.join(', ')} (separate by commas)`, formatsOf)
    .addOption(
      new Option('--names <names>', 'how pictures are named: by id, or as in the released ImageNet-A and -O')
        .choices(['id', 'imagenet-a'])
        .default('id'),
    )
    .addOption(
      new Option('--by <what>', 'mode O: folders by the predicted class or by the concept')
        .choices(['predicted', 'concept'])
        .default('predicted'),
    )
    .option('--licences <ids>', 'only photos under these licences (separate by commas)', licencesOf)
    .option('--no-pixels', 'links, hashes and evidence, with a script that fetches the pictures')
    .option(
      '--hard-links',
      'pictures with the stored bytes are hard links to them: they take no room, and must not be changed',
    )
    .option('--keep-metadata', 'keep EXIF, XMP, IPTC and comments: positions, serial numbers and names')
    .option('--thumbnails', 'also write a small copy of each photo')
    .addHelpText('after', HELP)
    .action((flags: ExportFlags) =>
      runOnCollection(flags, { name: 'export', access: 'read' }, async (workspace, context) => {
        const result = await exportAndRecord(workspace, optionsOf(flags, context));
        const { accepted } = await countWithoutLicence(workspace.app.db, workspace.scope);
        await writeResult(flags, result, () => resultText({ ...result, unlicensed: accepted }, context, flags));
      }),
    );
  addExportListCommand(command);
  addExportDiffCommand(command);
}

/** Exports, shows the progress, and adds the export to the activity log. */
export async function exportAndRecord(workspace: Workspace, options: Options): Promise<ExportResult> {
  const { out, licences } = options;
  const detail = { folder: path.resolve(out), ...(licences === null ? {} : { licences }) };
  const { name: collection } = workspace.collection;
  const action = { ...localActor(), action: 'export', collection, detail, resultOf: recordedOf } as const;
  return recorded(workspace.app.db, action, () => exportWithProgress(workspace, options));
}

function recordedOf({ id, photos }: ExportResult): ActivityDetail {
  return { revision: shortId(id), photos };
}

function formatsOf(text: string): ExportFormat[] {
  return text.split(',').map((part) => {
    const format = EXPORT_FORMATS.find((known) => known === part.trim());
    if (format !== undefined) return format;
    throw new InvalidArgumentError(
      `Expected ${EXPORT_FORMATS.join(', ')} but received '${part}'.${didYouMean(part, EXPORT_FORMATS)}`,
    );
  });
}

function licencesOf(text: string): string[] {
  const ids = text.split(',').map((part) => part.trim());
  if (ids.some((id) => id === '')) throw new InvalidArgumentError(`Expected licences but received '${text}'.`);
  return ids.map((id) => normaliseLicence(id).id);
}

type Options = Omit<ExportOptions, 'onChecked' | 'onProgress'>;

export function optionsOf(flags: ExportFlags, { signal }: CollectionContext): Options {
  const { out, format = [], names, by, licences = null, pixels, hardLinks = false, thumbnails = false } = flags;
  const { keepMetadata = false } = flags;
  if (out === undefined)
    throw new UsageError('No folder was given. Add --out DIR, the folder to make, such as exports/v1.', {
      code: 'export-out',
    });
  const formats = EXPORT_FORMATS.filter((known) => format.includes(known));
  refuseTogether(flags, formats);
  return { out, formats, names, by, licences, pixels, hardLinks, thumbnails, keepMetadata, signal };
}

function refuseTogether({ names, pixels, thumbnails, hardLinks }: ExportFlags, formats: readonly ExportFormat[]): void {
  const withPictures = [
    ...formats.filter((format) => format !== 'coco').map((format) => `--format ${format}`),
    ...(thumbnails === true ? ['--thumbnails'] : []),
    ...(hardLinks === true ? ['--hard-links'] : []),
  ];
  const problem =
    !pixels && withPictures.length > 0
      ? `--no-pixels leaves out all pictures, and ${withPictures.join(', ')} would write them. Leave out one of the two.`
      : names === 'imagenet-a'
        ? releasedNamesProblem(formats)
        : null;
  if (problem !== null) throw new UsageError(problem, { code: 'export-options' });
}

async function exportWithProgress(workspace: Workspace, options: Options): Promise<ExportResult> {
  let checked = { photos: 0, of: 0 };
  let now = { photos: 0, of: 0, bytes: 0 };
  const lines = () => [
    ...(checked.of === 0 ? [] : [{ label: 'check evidence', done: checked.photos, total: checked.of, note: '' }]),
    ...(now.of === 0 ? [] : [{ label: 'export', done: now.photos, total: now.of, bytes: now.bytes, note: '' }]),
  ];
  return withProgress(lines, () =>
    exportRevision(workspace, {
      ...options,
      onChecked: (photos) => {
        checked = { ...photos };
      },
      onProgress: (written) => {
        now = { ...written };
      },
    }),
  );
}

function resultText(
  result: ExportResult & { readonly unlicensed: number },
  { collection }: CollectionContext,
  { pixels, hardLinks = false }: ExportFlags,
): string {
  const { id, photos, classes, bytes, leftOut, unlicensed } = result;
  const folder = shellWord(displayPath(result.path));
  return [
    `${plural(photos, 'photo')} in ${plural(classes, 'class', 'classes')}, ${bytesText(bytes)}, revision ${shortId(id)} of ${collection.name}`,
    ...(leftOut.length === 0
      ? []
      : [`left out: ${leftOut.map(({ reason, count }) => `${reason} ${countText(count)}`).join(', ')}`]),
    ...(pixels ? [picturesText(result, hardLinks)] : []),
    `folder:  ${folder}`,
    ...(leftOut.some(({ reason }) => reason === 'licence') && unlicensed > 0
      ? [unlicensedText(unlicensed, placeFlags(collection.name))]
      : []),
    `next:    winnow verify ${folder}\n`,
  ].join('\n');
}

function picturesText({ photos, stripped, reencoded, linked }: ExportResult, hardLinks: boolean): string {
  const unchanged = photos - stripped - reencoded;
  const kinds = `${countText(unchanged)} unchanged, ${countText(stripped)} without metadata, ${countText(reencoded)} as PNG`;
  const links = hardLinks ? `; ${plural(linked, 'hard link')}, ${countText(photos - linked)} copied` : '';
  return `pictures: ${kinds}${links}`;
}
