import { setTimeout as sleep } from 'node:timers/promises';
import { PROTOCOL } from '../../core/export/layout.ts';
import { uploadBatches, collectionOfProtocol, planPublish, type PublishPlan } from './publish-plan.ts';
import { requireSame, type ExportedFolder } from '../../core/export/verify/exported-folder.process.ts';
import { backoffMs } from '../../core/kernel/backoff.ts';
import { codeOf, throwIfInterrupted, UsageError } from '../../core/kernel/errors.ts';
import {
  PUBLISH_CUT,
  type Destination,
  type LocalFile,
  type RemoteFile,
  type Visibility,
} from '../../core/kernel/publish.ts';

export interface PublishResult {
  readonly to: string;
  readonly revision: string;
  readonly uploaded: { readonly files: number; readonly bytes: number };
  readonly unchanged: number;
  readonly deleted: number;
  readonly leftAlone: number;
  readonly url: string;
  readonly visibility: Visibility;
  readonly historyForgotten: boolean;
  readonly dryRun: boolean;
  /** False if the destination was not asked what it has. */
  readonly compared: boolean;
  readonly changes?: readonly PublishChange[];
}

export interface PublishChange {
  readonly action: 'upload' | 'delete';
  readonly path: string;
  readonly bytes: number;
}

export interface PublishProgress {
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
}

export interface PublishOptions {
  readonly to: string;
  readonly root: string;
  readonly dryRun: boolean;
  readonly forgetHistory: boolean;
  readonly replace: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PublishProgress) => void;
}

/** How often the destination is listed again after it broke off in the middle of a change. */
const TRIES = 4;
const PAUSE = { firstMs: 1_000, capMs: 4_000 } as const;

/**
 * Makes the destination hold an export and nothing else of winnow's. The files that mark the set as complete are
 * written last. An interrupted run leaves a set that differs from its SHA256SUMS, and the next run continues it.
 * @throws UsageError `not-ours`, `another-collection`; StopTheRun, RetryLater; Interrupted
 */
export async function publishFolder(
  exported: ExportedFolder,
  destination: Destination,
  options: PublishOptions,
): Promise<PublishResult> {
  const { protocol } = exported;
  const { to, dryRun, signal } = options;
  const found = await destination.look();
  const visibility = dryRun ? found : await destination.prepare();
  const work = { exported, destination, options };
  const first = await planFor(work);
  if (!dryRun) await untilDone(first, work);
  throwIfInterrupted(signal);
  const historyForgotten = !dryRun && options.forgetHistory && destination.forgetHistory !== null;
  if (historyForgotten) await destination.forgetHistory?.();
  const uploads = [...first.upload, ...first.last];
  return {
    to,
    revision: protocol.id,
    uploaded: { files: uploads.length, bytes: bytesOf(uploads) },
    unchanged: first.unchanged,
    deleted: first.remove.length,
    leftAlone: first.leftAlone,
    url: destination.url,
    visibility,
    historyForgotten,
    dryRun,
    compared: true,
    ...(dryRun ? { changes: changesOf(first) } : {}),
  };
}

/** The result of a dry run that asks nothing of the destination: all files of the export would go there. */
export function dryRunUnasked(
  { protocol, files }: ExportedFolder,
  { to, url }: { to: string; url: string },
): PublishResult {
  const plan = planPublish(files, [], { isOfWinnow: false });
  const changes = changesOf(plan);
  return {
    to,
    revision: protocol.id,
    uploaded: { files: changes.length, bytes: bytesOf([...files.values()]) },
    unchanged: 0,
    deleted: 0,
    leftAlone: 0,
    url,
    visibility: null,
    historyForgotten: false,
    dryRun: true,
    compared: false,
    changes,
  };
}

interface Work {
  readonly exported: ExportedFolder;
  readonly destination: Destination;
  readonly options: PublishOptions;
}

/** Carries out a plan. If the destination breaks off, compares with it again and carries out the rest. */
async function untilDone(first: PublishPlan, work: Work): Promise<void> {
  let plan = first;
  for (let tried = 1; ; tried += 1) {
    try {
      return await carryOut(plan, work);
    } catch (error) {
      if (codeOf(error) !== PUBLISH_CUT || tried === TRIES) throw error;
    }
    await sleep(backoffMs(tried, PAUSE), undefined, { signal: work.options.signal });
    plan = await planFor(work);
  }
}

async function planFor({ exported, destination, options }: Work): Promise<PublishPlan> {
  const { files, protocol: ours } = exported;
  const remote: RemoteFile[] = [];
  for await (const file of destination.list(files)) remote.push(file);
  const protocol = remote.some(({ path }) => path === PROTOCOL) ? await destination.read(PROTOCOL) : null;
  const collection = protocol === null ? null : collectionOfProtocol(protocol);
  if (collection !== null && collection !== ours.collection.name && !options.replace) {
    throw new UsageError(
      `${destination.url} has the set of the collection '${collection}', and '${options.root}' is of '${ours.collection.name}'. Give --to a place of its own, or --replace to delete that set there.`,
      { code: 'another-collection' },
    );
  }
  const plan = planPublish(files, remote, { isOfWinnow: collection !== null });
  const [foreign] = plan.foreign;
  if (foreign === undefined) return plan;
  throw new UsageError(
    `${destination.url} has a file '${foreign}' that winnow did not publish, and no protocol.json of winnow. Give --to a place of its own.`,
    { code: 'not-ours' },
  );
}

async function carryOut(plan: PublishPlan, { destination, options }: Work): Promise<void> {
  const { root, signal, onProgress } = options;
  const { upload, last, remove } = plan;
  const total = upload.length + last.length + remove.length;
  let [done, bytes] = [0, 0];
  const note = (files: number, more = 0): void => {
    done += files;
    bytes += more;
    onProgress({ done, total, bytes });
  };
  note(0);
  // First, because a photo that was taken down should be gone as soon as possible.
  for (const batch of uploadBatches(remove, destination.batch, () => 0)) {
    throwIfInterrupted(signal);
    await destination.remove(batch.map(({ path }) => path));
    note(batch.length);
  }
  for (const batch of uploadBatches(upload, destination.batch, (file) => file.bytes)) {
    throwIfInterrupted(signal);
    await requireSame(root, batch);
    await destination.upload(batch, (file) => note(1, file.bytes));
  }
  throwIfInterrupted(signal);
  await requireSame(root, last);
  if (last.length > 0) await destination.finish(last);
  note(last.length, bytesOf(last));
}

function bytesOf(files: readonly LocalFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function changesOf({ upload, last, remove }: PublishPlan): PublishChange[] {
  return [
    ...remove.map(({ path, bytes }) => ({ action: 'delete' as const, path, bytes })),
    ...[...upload, ...last].map(({ path, bytes }) => ({ action: 'upload' as const, path, bytes })),
  ];
}
