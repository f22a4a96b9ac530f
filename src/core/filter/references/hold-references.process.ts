import { inBatches } from '../../kernel/batches.ts';
import { stat } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import pLimit from 'p-limit';
import { sha256Of } from '../../tools/sha256.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { bufferOf, showPath, type BytePath } from '../../crawl/sources/folder/byte-path.ts';
import { locateEntry } from '../../crawl/sources/folder/discover-folder.process.ts';
import { describeSystemError, useFile } from '../../crawl/sources/folder/file-system.process.ts';
import type { FolderEntry } from '../../crawl/sources/folder/folder-entry.ts';
import { walkFolder } from '../../crawl/sources/folder/walk-folder.process.ts';
import type { Inspection, InspectionLimits } from '../../platform/image/inspection.ts';
import {
  holdPictures,
  markSeen,
  markSeenBelow,
  type FileVersion,
  type ReferencePicture,
  type ReferenceSet,
} from '../../photo/reference-set.repository.ts';

export interface HoldCounts {
  seen: number;
  held: number;
  /** References from before that are unchanged, or in a directory that cannot be listed. */
  unchanged: number;
  readonly unreadable: Record<string, number>;
}

export interface HoldDeps {
  readonly db: Kysely<Database>;
  inspect(bytes: Buffer, limits: InspectionLimits): Promise<Inspection>;
  readonly limits: InspectionLimits & { readonly maxBytes: number };
  readonly signal: AbortSignal;
  /** The files to hold, by their paths as messages show them. Default: all. */
  readonly only?: ReadonlySet<string> | undefined;
  readonly counts: HoldCounts;
}

const PAGE_SIZE = 64;
/** Files that are read and decoded at the same time. Each decoded picture is in memory as a whole. */
const FILES_AT_ONCE = 4;

/**
 * Stores hashes, not bytes. A picture with the same size and time is not read again, so an interrupted walk continues where it
 * stopped. Pictures below a directory that cannot be listed stay stored. Throws the signal's reason.
 */
export async function holdReferences(root: BytePath, set: ReferenceSet, deps: HoldDeps): Promise<void> {
  const { only, signal } = deps;
  for await (const entries of inBatches(walkFolder(root, { signal, onIgnored: () => {} }), PAGE_SIZE)) {
    const page = only === undefined ? entries : entries.filter(({ relative }) => only.has(showPath(relative)));
    await holdPage(page, { root, set, deps });
  }
}

interface Found extends FileVersion {
  readonly real: BytePath;
}

async function holdPage(
  page: readonly FolderEntry[],
  { root, set, deps }: { root: BytePath; set: ReferenceSet; deps: HoldDeps },
): Promise<void> {
  deps.signal.throwIfAborted();
  const { counts } = deps;
  const found: Found[] = [];
  for (const entry of page) {
    const file = await find(entry, root);
    if (typeof file === 'string') count(counts.unreadable, file);
    else found.push(file);
  }
  const seen = await markSeen(deps.db, set, found);
  const outOfSight = page.filter(({ problem }) => problem?.reason === 'unreadable');
  const stayed = await markSeenBelow(
    deps.db,
    set,
    outOfSight.map(({ relative }) => showPath(relative)),
  );
  const limit = pLimit(FILES_AT_ONCE);
  const read = await limit.map(
    found.filter(({ path }) => !seen.has(path)),
    (file) => readReference(file, deps),
  );
  const pictures = read.filter((one) => typeof one !== 'string');
  await holdPictures(deps.db, set, pictures);
  for (const problem of read) if (typeof problem === 'string') count(counts.unreadable, problem);
  counts.seen += page.length;
  counts.unchanged += seen.size + stayed;
  counts.held += pictures.length;
}

function count(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}

async function find(entry: FolderEntry, root: BytePath): Promise<Found | string> {
  const { path: real, problem } = await locateEntry(entry, root);
  if (problem !== null) return problem.reason;
  try {
    const { size, mtimeMs } = await stat(bufferOf(real));
    return { path: showPath(entry.relative), bytes: size, changedUs: Math.round(mtimeMs * 1_000), real };
  } catch (error) {
    describeSystemError(error);
    return 'unreadable';
  }
}

async function readReference({ real, ...version }: Found, deps: HoldDeps): Promise<ReferencePicture | string> {
  deps.signal.throwIfAborted();
  const bytes = await useFile(real, deps.limits.maxBytes, (handle) => handle.readFile());
  if (!Buffer.isBuffer(bytes)) return bytes.reason;
  const inspection = await deps.inspect(bytes, deps.limits);
  if (!inspection.ok) return inspection.reason;
  const sha256 = sha256Of(bytes);
  const { perceptualHash, fineHash } = inspection;
  return { ...version, sha256, perceptualHash, fineHash };
}
