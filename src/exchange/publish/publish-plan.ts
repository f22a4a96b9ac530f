import * as z from 'zod';
import { jsonOf } from '../../core/kernel/json.ts';
import type { LocalFile, RemoteFile } from '../../core/kernel/publish.ts';
import { CARD, CHECKSUMS, isOfAnExport, PROTOCOL } from '../../core/export/layout.ts';

/** The files that are uploaded last, in this order. A set whose files differ from its SHA256SUMS is not complete. */
const LAST_FILES = [CARD, CHECKSUMS, PROTOCOL];

export interface PublishPlan {
  readonly upload: readonly LocalFile[];
  /** Uploaded after all others, in this order. */
  readonly last: readonly LocalFile[];
  readonly remove: readonly RemoteFile[];
  readonly unchanged: number;
  /** Files that look like those of an export but stay, because the destination has no protocol.json of winnow. */
  readonly leftAlone: number;
  /** Files not made by winnow that the export would replace. If there are any, nothing may be changed. */
  readonly foreign: readonly string[];
}

export function planPublish(
  local: ReadonlyMap<string, LocalFile>,
  remote: readonly RemoteFile[],
  { isOfWinnow }: { readonly isOfWinnow: boolean },
): PublishPlan {
  const same = new Set(remote.filter(({ isSame }) => isSame).map(({ path }) => path));
  const changed = [...local.values()].filter(({ path }) => !same.has(path));
  const stale = remote.filter(({ path }) => !local.has(path) && isOfAnExport(path));
  return {
    upload: changed.filter(({ path }) => !LAST_FILES.includes(path)),
    last: LAST_FILES.flatMap((name) => changed.filter(({ path }) => path === name)),
    remove: isOfWinnow ? stale : [],
    unchanged: local.size - changed.length,
    leftAlone: isOfWinnow ? 0 : stale.length,
    foreign: isOfWinnow
      ? []
      : remote.filter(({ path, isForeign }) => isForeign && local.has(path)).map(({ path }) => path),
  };
}

const markSchema = z.object({
  format: z.int(),
  id: z.string(),
  winnow: z.string(),
  collection: z.object({ name: z.string() }),
});

/** The collection of an export if `text` is a protocol.json, of this or another version of winnow; otherwise null. */
export function collectionOfProtocol(text: string): string | null {
  return markSchema.safeParse(jsonOf(text)).data?.collection.name ?? null;
}

export function* uploadBatches<T>(
  items: readonly T[],
  { files, bytes }: { readonly files: number; readonly bytes: number },
  bytesOf: (item: T) => number,
): Generator<readonly T[]> {
  let batch: T[] = [];
  let size = 0;
  for (const item of items) {
    if (batch.length > 0 && (batch.length === files || size + bytesOf(item) > bytes)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(item);
    size += bytesOf(item);
  }
  if (batch.length > 0) yield batch;
}
