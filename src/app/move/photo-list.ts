import type { Sha256 } from '../../kernel/ids.ts';

export interface ListedPhoto {
  readonly sha256: Sha256;
  readonly bytes: number;
}

/** Photos whose hashes begin with the same two hex digits. */
export interface Shard {
  readonly shard: string;
  readonly photos: readonly ListedPhoto[];
}

/** `00` to `ff` */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
