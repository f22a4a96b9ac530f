import path from 'node:path';
import { normaliseLicence } from '../collection/licence.ts';
import { exportRevision, type ExportResult } from '../export/export.process.ts';
import { EXPORT_MODES } from '../export/modes.ts';
import type { ExportOptions as RevisionOptions } from '../export/options.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../export/protocol.ts';
import { releasedNamesProblem } from '../export/revisions/released-name.ts';
import { shortId } from '../export/revisions/revision-id.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Mode } from '../kernel/mode.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { recorded } from '../runtime/activity/activity.repository.ts';
import { localActor } from '../runtime/activity/local-actor.process.ts';
import { withDefaults, type OptionsOf } from './operation.ts';
import { EXPORT, type WorkOptions } from './options.ts';

type Options = OptionsOf<typeof EXPORT> & WorkOptions & { readonly signal: AbortSignal };

/**
 * Exports, and adds the export to the activity log.
 * @throws UsageError `export-out`, `export-options`; as `exportRevision`
 */
export async function exportAndRecord(workspace: Workspace, options: Options): Promise<ExportResult> {
  const wanted = revisionOptions(options, workspace.collection.mode);
  const { out, licences } = wanted;
  const detail = { folder: path.resolve(out), ...(licences === null ? {} : { licences }) };
  const { name: collection } = workspace.collection;
  const action = { ...localActor(), action: 'export', collection, detail, resultOf: recordedOf } as const;
  return recorded(workspace.app.db, action, () => exportRevision(workspace, wanted));
}

const recordedOf = ({ id, photos }: ExportResult) => ({ revision: shortId(id), photos });

function revisionOptions(options: Options, mode: Mode): RevisionOptions {
  const { out = noFolder(), signal, onProgress, by: givenBy } = options;
  const { format = [], licences = null, by = 'predicted', ...chosen } = withDefaults(EXPORT, options);
  const formats = EXPORT_FORMATS.filter((known) => format.includes(known));
  if (givenBy !== undefined && !EXPORT_MODES[mode].hasFoldersBy)
    throw refused(`--by ${by} is not for mode ${mode}, whose folders are the classes searched as. Leave it out.`);
  refuseTogether(chosen, formats);
  return {
    ...chosen,
    out,
    by,
    formats,
    licences: licences === null ? null : licences.map((id) => normaliseLicence(id).id),
    signal,
    onChecked: ({ photos: done, of: total }) => onProgress?.({ what: 'check evidence', done, total }),
    onProgress: ({ photos: done, of: total, bytes }) => onProgress?.({ what: 'export', done, total, bytes }),
  };
}

function noFolder(): never {
  throw new UsageError('No folder was given. Add --out DIR, the folder to make, such as exports/v1.', {
    code: 'export-out',
  });
}

function refuseTogether(
  {
    names,
    pixels,
    thumbnails,
    hardLinks,
    keepMetadata,
  }: Pick<RevisionOptions, 'names' | 'pixels' | 'thumbnails' | 'hardLinks' | 'keepMetadata'>,
  formats: readonly ExportFormat[],
): void {
  const withPictures = [
    ...formats.filter((format) => format !== 'coco').map((format) => `--format ${format}`),
    ...(thumbnails ? ['--thumbnails'] : []),
    ...(hardLinks ? ['--hard-links'] : []),
    ...(keepMetadata ? ['--keep-metadata'] : []),
  ];
  const problem =
    !pixels && withPictures.length > 0
      ? `--no-pixels leaves out all pictures, so it cannot be combined with ${withPictures.join(', ')}. Leave out one of the two.`
      : names === 'imagenet-a'
        ? releasedNamesProblem(formats)
        : null;
  if (problem !== null) throw refused(problem);
}

function refused(problem: string): UsageError {
  return new UsageError(problem, { code: 'export-options' });
}
