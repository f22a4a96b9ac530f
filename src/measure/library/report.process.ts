import path from 'node:path';
import { UsageError } from '../../core/kernel/errors.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { writeReport, type WrittenReport } from '../report/write-report.process.ts';
import { recorded } from '../../core/runtime/activity/activity.repository.ts';
import { localActor } from '../../core/runtime/activity/local-actor.process.ts';
import { withDefaults, type OptionsOf } from '../../core/library/operation.ts';
import type { WorkOptions } from '../../core/library/options.ts';
import { REPORT } from './options.ts';

const recordedOf = ({ report }: WrittenReport) => ({ photos: report.set.photos });

/** Writes the report, and adds it to the activity log. @throws UsageError `report-out` */
export async function reportAndRecord(
  workspace: Workspace,
  options: OptionsOf<typeof REPORT> & WorkOptions & { readonly signal: AbortSignal },
): Promise<WrittenReport> {
  const {
    out,
    clean = null,
    inDistribution = null,
    photos = null,
    models = null,
    among = null,
    fill,
  } = withDefaults(REPORT, options);
  const { name: collection } = workspace.collection;
  const detail = out === undefined ? {} : { folder: path.resolve(out) };
  const action = { ...localActor(), action: 'report', collection, detail, resultOf: recordedOf } as const;
  return recorded(workspace.app.db, action, async () => {
    if (out === undefined)
      throw new UsageError('No folder was given. Add --out DIR, the folder to write, such as reports/v1.', {
        code: 'report-out',
      });
    const { onProgress = () => undefined, signal } = options;
    const inputs = { clean, inDistribution, which: photos, models, among };
    return writeReport(workspace, { out, ...inputs, fill, signal, onProgress });
  });
}
