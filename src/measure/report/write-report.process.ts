import { access, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { displayPath } from '../../core/config/root.ts';
import { isFile } from '../../core/platform/disk/plain-file.ts';
import { UsageError, codeOf, messageOf } from '../../core/kernel/errors.ts';
import type { Sha256 } from '../../core/kernel/ids.ts';
import { sha256Of } from '../../core/tools/sha256.ts';
import { makeFolder, syncFolder } from '../../core/platform/disk/folders.ts';
import { explainFullDisk } from '../../core/platform/disk/full-disk.ts';
import { withFileLock } from '../../core/platform/lock/file-lock.ts';
import { orUnusable } from '../../core/export/revisions/staging.process.ts';
import { CSV_FOLDER, FIGURES_FOLDER, PHOTOS_FILE, REPORT_JSON, reportHtml } from './report-html.tsx';
import type { Report } from './report.ts';
import { storeReport } from './stored-report.repository.ts';
import { photosTable, reportTables, tableCsv } from './tables.ts';
import type { App } from '../../core/runtime/open/app.process.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { reportCopyOf } from '../../core/photo/thumbnails.process.ts';
import { writeFigures } from './figures.process.ts';
import { makeReport, type MadeReport, type MakeReportOptions } from './make-report.process.ts';

export interface WrittenReport {
  readonly report: Report;
  readonly path: string;
}

/**
 * Makes a report, keeps it in the catalogue for the server's page, and writes its folder, replacing an existing report.
 * @throws UsageError `report-out` if the folder has other files; StopTheRun `lock-timeout` if another process writes
 * there, `report-folder`; as `makeReport`
 */
export async function writeReport(
  workspace: Workspace,
  { out, ...options }: MakeReportOptions & { readonly out: string },
): Promise<WrittenReport> {
  const target = path.resolve(out);
  const name = sha256Of(target).slice(0, 16);
  const lock = {
    path: path.join(workspace.app.dataDir, `report-${name}.lock`),
    purpose: `reporting to ${target}`,
    waitMs: 0,
  };
  return withFileLock(lock, async () => {
    await recoverReplaced(target);
    await refuseOther(target);
    const made = await makeReport(workspace, options);
    const { clean, inDistribution, which, models, among = null } = options;
    const inputs = {
      clean: absolute(clean),
      inDistribution: absolute(inDistribution),
      which,
      models,
      among: among !== null && (await isFile(among)) ? path.resolve(among) : among,
    };
    const { report } = made;
    await storeReport(workspace.app.db, workspace.scope, { report, inputs });
    const pictures = await reportPictures(workspace.app, report, options.signal);
    await replaceFolder(target, (folder) => writeFiles(folder, made, pictures));
    return { report, path: target };
  });
}

const absolute = (folder: string | null): string | null => (folder === null ? null : path.resolve(folder));

const OWN_FILES: ReadonlySet<string> = new Set(['report.html', REPORT_JSON, CSV_FOLDER, FIGURES_FOLDER]);

async function refuseOther(target: string): Promise<void> {
  const names = await readdir(target).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return [];
    throw new UsageError(`Cannot use ${displayPath(target)}: ${messageOf(error)}. Give --out another folder.`, {
      code: 'report-out',
      cause: error,
    });
  });
  const other = names.find((name) => !OWN_FILES.has(name)) ?? ((await isReport(target)) ? undefined : names[0]);
  if (other === undefined) return;
  throw new UsageError(
    `There are other files at ${displayPath(target)}, such as ${other}. Give --out a new folder, or one with nothing but a report, which is replaced.`,
    { code: 'report-out' },
  );
}

async function isReport(folder: string): Promise<boolean> {
  const text = await readFile(path.join(folder, REPORT_JSON), 'utf8').catch(() => '');
  return /^\{\s*"format": \d+,\s*"collection": /.test(text);
}

async function writeFiles(
  folder: string,
  { report, kept }: MadeReport,
  pictures: ReadonlyMap<Sha256, string>,
): Promise<void> {
  await writeFile(path.join(folder, REPORT_JSON), `${JSON.stringify(report, null, 1)}\n`);
  await writeFile(
    path.join(folder, 'report.html'),
    reportHtml(report, (sha256) => pictures.get(sha256) ?? null),
  );
  await makeFolder(path.join(folder, CSV_FOLDER));
  for (const table of reportTables(report))
    await writeFile(path.join(folder, CSV_FOLDER, `${table.name}.csv`), tableCsv(table));
  await writeFile(path.join(folder, CSV_FOLDER, PHOTOS_FILE), tableCsv(photosTable(kept)));
  await writeFigures(report, folder);
}

function besides(target: string): { readonly parent: string; readonly fresh: string; readonly old: string } {
  const [parent, name] = [path.dirname(target), path.basename(target)];
  return { parent, fresh: path.join(parent, `.${name}.unfinished`), old: path.join(parent, `.${name}.replaced`) };
}

/** After a kill between two renames, the report that was to be replaced is back in its place. */
async function recoverReplaced(target: string): Promise<void> {
  const { old } = besides(target);
  if (!(await exists(old))) return;
  if (await exists(target)) await rm(old, { recursive: true, force: true });
  else await rename(old, target);
}

/** If `fill` fails, the target is as it was. @throws StopTheRun `report-folder`, `disk-full` */
async function replaceFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const { parent, fresh, old } = besides(target);
  const onDisk = (work: () => Promise<void>): Promise<void> => orUnusable(target, work, 'report-folder');
  await onDisk(async () => {
    await makeFolder(parent);
    await rm(fresh, { recursive: true, force: true });
    await makeFolder(fresh);
  });
  try {
    await explainFullDisk(target, () => fill(fresh));
    await onDisk(async () => {
      const isThere = await exists(target);
      if (isThere) await rename(target, old);
      await rename(fresh, target).catch(async (error: unknown) => {
        if (isThere) await rename(old, target);
        throw error;
      });
      await syncFolder(parent);
    });
    await rm(old, { recursive: true, force: true });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Small copies of the photos that a report shows, as data URIs. A photo whose bytes are lost has none. */
async function reportPictures(app: App, report: Report, signal: AbortSignal): Promise<ReadonlyMap<Sha256, string>> {
  const pictures = new Map<Sha256, string>();
  for (const sha256 of shownIn(report)) {
    const webp = await reportCopyOf(app, sha256, signal);
    if (webp !== null) pictures.set(sha256, `data:image/webp;base64,${webp.toString('base64')}`);
  }
  return pictures;
}

function shownIn({ gallery, confusion }: Pick<Report, 'gallery' | 'confusion'>): ReadonlySet<Sha256> {
  return new Set([...gallery.map(({ sha256 }) => sha256), ...confusion.top.flatMap(({ examples }) => examples)]);
}
