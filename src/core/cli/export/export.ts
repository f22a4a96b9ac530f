import type { Command } from 'commander';
import { exportAndRecord } from '../../library/export.process.ts';
import type { ExportResult } from '../../export/export.process.ts';
import { displayPath } from '../../config/root.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { shortId } from '../../export/revisions/revision-id.ts';
import { placeFlags, withoutLicenceText } from '../../kernel/next-step.ts';
import { countWithoutLicence } from '../../shortlist/without-licence.repository.ts';
import { bytesText, countText, linesText, plural, shellWord, writeResult } from '../text/output.ts';
import { withSteps } from '../text/progress.ts';
import { addCommand, runOnCollection, type CollectionContext } from '../start/context.ts';
import { EXPORT } from '../../library/options.ts';
import type { FlagsOf } from '../start/flags.ts';
import { addExportDiffCommand, addExportListCommand } from './revisions.ts';

type ExportFlags = FlagsOf<typeof EXPORT.shape>;

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
  winnow export --collection imagenet-a --out exports/v2 --format webdataset,coco,parquet
  winnow export --collection imagenet-a --out exports/open --licences CC0-1.0,CC-BY-4.0
  winnow export list --collection imagenet-a
  winnow export diff 3f2a 91bc --collection imagenet-a
`;

export function addExportCommand(program: Command): void {
  const command = addCommand(program, 'export', 'Freeze the accepted photos into a dataset that other tools load')
    .flags(EXPORT.shape)
    .addHelpText('after', HELP)
    .run((flags) =>
      runOnCollection(flags, { name: 'export', access: 'read' }, async (workspace, context) => {
        const result = await exportWithProgress(workspace, { ...flags, signal: context.signal });
        const { accepted } = await countWithoutLicence(workspace.app.db, workspace.scope);
        await writeResult(flags, result, () => resultText({ ...result, unlicensed: accepted }, context, flags));
      }),
    );
  addExportListCommand(command);
  addExportDiffCommand(command);
}

export function exportWithProgress(
  workspace: Workspace,
  options: Parameters<typeof exportAndRecord>[1],
): Promise<ExportResult> {
  return withSteps((onProgress) => exportAndRecord(workspace, { ...options, onProgress }));
}

function resultText(
  result: ExportResult & { readonly unlicensed: number },
  { collection }: CollectionContext,
  { pixels, hardLinks }: ExportFlags,
): string {
  const { id, photos, classes, bytes, leftOut, unlicensed } = result;
  const folder = shellWord(displayPath(result.path));
  return linesText([
    `${plural(photos, 'photo')} in ${plural(classes, 'class', 'classes')}, ${bytesText(bytes)}, revision ${shortId(id)} of ${collection.name}`,
    leftOut.length > 0 && `left out: ${leftOut.map(({ reason, count }) => `${reason} ${countText(count)}`).join(', ')}`,
    pixels && picturesText(result, hardLinks),
    `folder:  ${folder}`,
    leftOut.some(({ reason }) => reason === 'licence') &&
      withoutLicenceText(unlicensed, 'accepted', placeFlags(collection.name)),
    `next:    winnow verify ${folder}`,
  ]);
}

function picturesText({ photos, stripped, reencoded, linked }: ExportResult, hardLinks: boolean): string {
  const unchanged = photos - stripped - reencoded;
  const kinds = `${countText(unchanged)} unchanged, ${countText(stripped)} without metadata, ${countText(reencoded)} as PNG`;
  const links = hardLinks ? `; ${plural(linked, 'hard link')}, ${countText(photos - linked)} copied` : '';
  return `pictures: ${kinds}${links}`;
}
