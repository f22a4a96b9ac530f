import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { displayPath } from '../../config/root.ts';
import { codeOf, messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { makeFolder, syncFolder } from '../../platform/disk/folders.ts';
import type { Report } from '../../report/report.ts';
import { storeReport } from '../../report/stored-report.repository.ts';
import { CSV_FOLDER, REPORT_JSON, reportHtml } from '../../report/report-html.tsx';
import { reportTables, tableCsv } from '../../report/tables.ts';
import type { Workspace } from '../open/workspace.ts';
import { writeFigures } from './figures.ts';
import { reportPictures } from './pictures.ts';
import { makeReport, type MakeReportOptions } from './report.ts';

export interface WrittenReport {
  readonly report: Report;
  /** Absolute path of the folder. */
  readonly path: string;
}

/**
 * Makes a report, keeps it in the catalogue for the server's page, and writes its folder. The folder gets its name when it is
 * complete. A report that is there is replaced.
 *
 * @throws UsageError `report-out` if something else is there; StopTheRun `report-folder`; as `makeReport`
 */
export async function writeReport(
  workspace: Workspace,
  { out, ...options }: MakeReportOptions & { readonly out: string },
): Promise<WrittenReport> {
  const target = path.resolve(out);
  await refuseOther(target);
  const report = await makeReport(workspace, options);
  const { clean, inDistribution, which, models } = options;
  const inputs = { clean: absolute(clean), inDistribution: absolute(inDistribution), which, models };
  await storeReport(workspace.app.db, workspace.scope, { report, inputs });
  const pictures = await reportPictures(workspace.app, report, options.signal);
  try {
    await replaceFolder(target, (folder) => writeFiles(folder, report, pictures));
  } catch (error) {
    throw new StopTheRun(`Cannot write to ${displayPath(target)}: ${messageOf(error)}. Give --out another folder.`, {
      code: 'report-folder',
      cause: error,
    });
  }
  return { report, path: target };
}

const absolute = (folder: string | null): string | null => (folder === null ? null : path.resolve(folder));

/** A folder that has files but no report stays as it is. */
async function refuseOther(target: string): Promise<void> {
  const names = await readdir(target).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return [];
    throw new UsageError(`Cannot use ${displayPath(target)}: ${messageOf(error)}. Give --out another folder.`, {
      code: 'report-out',
      cause: error,
    });
  });
  if (names.length === 0 || names.includes(REPORT_JSON)) return;
  throw new UsageError(
    `There are other files at ${displayPath(target)}, such as ${names[0]}. Give --out a new folder, or one with a report, which is replaced.`,
    { code: 'report-out' },
  );
}

async function writeFiles(folder: string, report: Report, pictures: ReadonlyMap<Sha256, string>): Promise<void> {
  await writeFile(path.join(folder, REPORT_JSON), `${JSON.stringify(report, null, 1)}\n`);
  await writeFile(
    path.join(folder, 'report.html'),
    reportHtml(report, (sha256) => pictures.get(sha256) ?? null),
  );
  await makeFolder(path.join(folder, CSV_FOLDER));
  for (const table of reportTables(report))
    await writeFile(path.join(folder, CSV_FOLDER, `${table.name}.csv`), tableCsv(table));
  await writeFigures(report, folder);
}

/** Fills a folder beside the target and gives it the target's name. */
async function replaceFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const [parent, name] = [path.dirname(target), path.basename(target)];
  const [fresh, old] = ['unfinished', 'replaced'].map((state) => path.join(parent, `.${name}.${state}`));
  if (fresh === undefined || old === undefined) return;
  await makeFolder(parent);
  for (const left of [fresh, old]) await rm(left, { recursive: true, force: true });
  try {
    await makeFolder(fresh);
    await fill(fresh);
    await rename(target, old).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    await rename(fresh, target);
    await syncFolder(parent);
  } finally {
    for (const left of [fresh, old]) await rm(left, { recursive: true, force: true });
  }
}
