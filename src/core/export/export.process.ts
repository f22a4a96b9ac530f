import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { acceptanceStateText, type Acceptance } from '../kernel/acceptance.ts';
import { displayPath } from '../config/root.ts';
import { OutputFolder } from './output-folder.process.ts';
import type { PhotoRow } from './select/photo-row.ts';
import { storeRevision, type RevisionPhoto } from './revisions/revision.repository.ts';
import { CHECKSUMS, CONTROL_METADATA, METADATA } from './layout.ts';
import { linesOf, type Line } from '../kernel/lines.ts';
import { inBatches } from '../kernel/batches.ts';
import { StopTheRun, throwIfInterrupted, UsageError } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { freeBytesOn } from '../platform/disk/full-disk.ts';
import { makeDataFolder, makeFolder } from '../platform/disk/folders.ts';
import { bytesText } from '../kernel/texts.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { checkPlan } from './select/check-plan.process.ts';
import type { ExportOptions } from './options.ts';
import { planRevision, type RevisionPlan } from './select/plan.process.ts';
import { readPlan } from './select/plan-file.process.ts';
import { REVISION, withStaging } from './revisions/staging.process.ts';
import { writeRevision } from './revisions/write-revision.process.ts';

/** `winnow export --json`. */
export interface ExportResult {
  readonly id: string;
  readonly path: string;
  readonly photos: number;
  readonly classes: number;
  readonly bytes: number;
  readonly leftOut: readonly { readonly reason: string; readonly count: number }[];
  /** Pictures without the metadata of their originals, with the same pixels in the same bytes. */
  readonly stripped: number;
  readonly reencoded: number;
  readonly linked: number;
}

/**
 * Freezes what reviewers accepted into a new folder, which gets its name only when complete, and stores the revision.
 * @throws UsageError `export-exists`, `no-shortlist`, `nothing-to-export`, `not-accepted`; StopTheRun `rule-broken`, `lost-bytes`,
 * `no-space`; Interrupted
 */
export async function exportRevision(workspace: Workspace, options: ExportOptions): Promise<ExportResult> {
  const target = path.resolve(options.out);
  await makeDataFolder(workspace.app.dataDir);
  return withStaging({ target, locks: workspace.app.dataDir }, async (staging) => {
    const planFile = path.join(staging, 'plan.jsonl');
    const plan = await planRevision(workspace, planFile, options);
    if (options.requireAcceptance) refuseUnlessPassed(plan.review.acceptance);
    await requireSpace(target, plan, options);
    await checkPlan(workspace, plan, options);
    const root = path.join(staging, REVISION);
    await makeFolder(root);
    const output = await OutputFolder.open(root, makeFolder);
    const { protocol, linked } = await writeRevision(workspace, { plan, output, options });
    await output.close();
    throwIfInterrupted(options.signal);
    const bytes = output.bytes + (await stat(path.join(root, CHECKSUMS))).size;
    const { db } = workspace.app;
    const rows = revisionPhotos(planFile, root);
    await storeRevision(db, workspace.scope, { protocol, bytes, path: target, rows, lastEvent: plan.lastEvent });
    const { id, photos, classes, leftOut, stripped = 0, reencoded } = protocol;
    return { id, path: target, photos, classes: classes.length, bytes, leftOut, stripped, reencoded, linked };
  });
}

function refuseUnlessPassed(acceptance: Acceptance): void {
  if (acceptance.state === 'pass') return;
  const state = acceptanceStateText(acceptance);
  throw new UsageError(
    state === null
      ? '--require-acceptance needs review.acceptance.maxLabelError, such as --set review.acceptance.maxLabelError=0.05'
      : `--require-acceptance was given, and the set does not pass its inspection. ${state}. winnow acceptance shows the figures.`,
    { code: 'not-accepted' },
  );
}

async function requireSpace(
  target: string,
  { originalBytes }: Pick<RevisionPlan, 'originalBytes'>,
  { formats, pixels, hardLinks, keepMetadata }: ExportOptions,
): Promise<void> {
  const copies =
    (pixels && !(hardLinks && keepMetadata) ? 1 : 0) + formats.filter((format) => format !== 'coco').length;
  const free = await freeBytesOn(path.dirname(target));
  if (originalBytes * copies <= free) return;
  throw new StopTheRun(
    `The export needs about ${bytesText(originalBytes * copies)} but ${displayPath(path.dirname(target))} has ${bytesText(free)} free. Make room, or give --out a folder on another disk.`,
    { code: 'no-space' },
  );
}

const ROWS_AT_ONCE = 2_000;

/** The photos of the plan. The chosen ones have their rows in the same order, with the hashes of their files. */
async function* revisionPhotos(planFile: string, root: string): AsyncGenerator<RevisionPhoto[]> {
  // An export without controls has no file of them: each file is opened when its first line is read.
  const linesIn = (file: string) => linesOf(chunksOf(path.join(root, file)));
  const rows = { test: linesIn(METADATA), control: linesIn(CONTROL_METADATA) };
  for await (const planned of inBatches(readPlan(planFile), ROWS_AT_ONCE)) {
    const photos: RevisionPhoto[] = [];
    for (const { sha256, wnid, folder, split, leftOut: reason } of planned) {
      if (reason !== null) photos.push({ sha256, wnid, folder: null, reason, fileSha256: null });
      else {
        const fileSha256 = fileOf(sha256, await rows[split].next());
        photos.push({ sha256, wnid, folder, reason: split === 'control' ? split : null, fileSha256 });
      }
    }
    yield photos;
  }
}

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  yield* createReadStream(file);
}

/** Null if the file has the stored bytes. */
function fileOf(photo: Sha256, line: IteratorResult<Line, unknown>): Sha256 | null {
  const row: PhotoRow | null = line.done === true ? null : JSON.parse(line.value.text);
  if (row?.original_sha256 !== photo)
    throw new Error(`Expected the row of ${photo} but received ${row?.original_sha256}`);
  return row.sha256 === photo ? null : row.sha256;
}
