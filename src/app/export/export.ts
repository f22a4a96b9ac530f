import { stat } from 'node:fs/promises';
import path from 'node:path';
import { displayPath } from '../../config/root.ts';
import { CHECKSUMS } from '../../export/checksums.ts';
import { OutputFolder } from '../../export/output-folder.process.ts';
import type { Protocol } from '../../export/protocol.ts';
import { allowsRedistribution } from '../../export/rights.ts';
import { storeRevision, type RevisionPhoto } from '../../export/revision.repository.ts';
import { StopTheRun, throwIfInterrupted } from '../../kernel/errors.ts';
import { freeBytesOn } from '../../platform/disk/free-bytes.ts';
import { makeDataFolder, makeFolder } from '../../platform/disk/folders.ts';
import { isLicenceAllowed } from '../../source/licence.ts';
import { bytesText } from '../../ui/shared/texts.ts';
import type { Workspace } from '../open/workspace.ts';
import { checkPlan } from './check-plan.ts';
import { foldersOf, type ExportOptions } from './options.ts';
import { planRevision, type Plan, type PlanOptions } from './plan.ts';
import { inBatches, readPlan } from './plan-file.ts';
import { REVISION, withStaging } from './staging.ts';
import { writeRevision } from './write-revision.ts';

/** `winnow export --json`. */
export interface ExportResult {
  readonly id: Protocol['id'];
  /** Absolute. */
  readonly path: string;
  readonly photos: number;
  readonly classes: number;
  /** Size of the folder. */
  readonly bytes: number;
  readonly leftOut: Protocol['leftOut'];
}

/**
 * Freezes what reviewers accepted into a new folder, and stores the revision in the catalogue. The folder gets its name only when it
 * is complete.
 *
 * @throws UsageError `export-exists`, `no-shortlist`, `nothing-to-export`; StopTheRun `rule-broken`, `lost-bytes`, `no-space`; Interrupted
 */
export async function exportRevision(workspace: Workspace, options: ExportOptions): Promise<ExportResult> {
  const target = path.resolve(options.out);
  await makeDataFolder(workspace.app.dataDir);
  return withStaging({ target, locks: workspace.app.dataDir }, async (staging) => {
    const planFile = path.join(staging, 'plan.jsonl');
    const plan = await planRevision(workspace, planFile, planOptionsOf(workspace, options));
    await requireSpace(target, plan, options);
    const onChecked = (photos: number): void => options.onChecked({ photos, of: plan.photos });
    await checkPlan(workspace, { planFile, plan, signal: options.signal, onChecked });
    const root = path.join(staging, REVISION);
    await makeFolder(root);
    const output = await OutputFolder.open(root, makeFolder);
    const protocol = await writeRevision(workspace, { planFile, plan, output, options });
    await output.close();
    throwIfInterrupted(options.signal);
    const bytes = output.bytes + (await stat(path.join(root, CHECKSUMS))).size;
    const { db } = workspace.app;
    await storeRevision(db, workspace.scope, { protocol, bytes, path: target, rows: revisionPhotos(planFile) });
    const { id, photos, classes, leftOut } = protocol;
    return { id, path: target, photos, classes: classes.length, bytes, leftOut };
  });
}

function planOptionsOf(workspace: Workspace, { by, licences, pixels, signal }: ExportOptions): PlanOptions {
  const isAllowed = (licence: string): boolean => {
    if (licences !== null) return isLicenceAllowed(licence, licences);
    // Links and hashes are no copies.
    return !pixels || allowsRedistribution(licence);
  };
  return {
    folders: foldersOf(workspace, { by }),
    isLicenceAllowed: isAllowed,
    signal,
  };
}

/** @throws StopTheRun `no-space` if the disk has less room than the pictures need */
async function requireSpace(
  target: string,
  { originalBytes }: Pick<Plan, 'originalBytes'>,
  { formats, pixels, hardLinks }: ExportOptions,
): Promise<void> {
  const copies = (pixels && !hardLinks ? 1 : 0) + formats.filter((format) => format !== 'coco').length;
  const free = await freeBytesOn(path.dirname(target));
  if (originalBytes * copies <= free) return;
  throw new StopTheRun(
    `The export needs about ${bytesText(originalBytes * copies)} but ${displayPath(path.dirname(target))} has ${bytesText(free)} free. Make room, or give --out a folder on another disk.`,
    { code: 'no-space' },
  );
}

const ROWS_AT_ONCE = 2_000;

async function* revisionPhotos(planFile: string): AsyncGenerator<RevisionPhoto[]> {
  for await (const planned of inBatches(readPlan(planFile), ROWS_AT_ONCE))
    yield planned.map(({ photo: { sha256, wnid, leftOut }, folder }) => {
      return { sha256, wnid, folder: leftOut === null ? folder : null, reason: leftOut };
    });
}
