import * as z from 'zod';
import { isSha256, toSha256, type Sha256 } from '../../kernel/ids.ts';
import { listOf } from '../bounded.ts';

const sha256 = z.string().refine(isSha256).transform(toSha256);

/**
 * A line of `test/metadata.jsonl`. All lines have the same keys in the same order, but for `evidence`. An unknown text is '' and never
 * null, because readers infer a column's type from its first lines. Creator and licence are then `unknown`.
 */
export const photoRowSchema = z.strictObject({
  /** Relative to `test/`: `n01498041/p0123456789abcdef.jpg`. */
  file_name: z.string(),
  /** `p` and 16 hex digits of the original's SHA-256: the same photo has the same id in every revision. */
  id: z.string().regex(/^[A-Za-z0-9_-]+$/),
  /** Position of the folder among the folders of this revision, sorted. */
  label: z.int().nonnegative(),
  /** The folder: see `folders` of the protocol. */
  wnid: z.string(),
  /** The name of the folder's class; no two folders have the same. */
  class_name: z.string(),
  /** Hash of the file. */
  sha256,
  /** Hash of the stored photo: the bytes that the source gave. It differs from `sha256` unless the file has those bytes. */
  original_sha256: sha256,
  source: z.string(),
  source_id: z.string(),
  /** URL of the bytes; '' for a file. */
  source_url: z.string(),
  page_url: z.string(),
  creator: z.string(),
  /** An SPDX id, an expression `A OR B`, `Public-Domain`, `all-rights-reserved` or `unknown`. */
  license: z.string(),
  license_url: z.string(),
  attribution: z.string(),
  width: z.int().positive(),
  height: z.int().positive(),
  /** The largest p of the searched class over members and crops, 0..1; null in mode O. */
  max_true_prob: z.number().nullable(),
  predicted_wnid: z.string(),
  /** Its mean p over members and crops (mode O: over the first member's), 0..1. */
  predicted_prob: z.number(),
  tags: listOf(z.string(), 1_000),
  decided_by: z.enum(['single', 'agreement', 'adjudication', 'import']),
  /** Further classes that are clearly visible, sorted. Exports that were made before winnow asked for them lack it. */
  also_wnids: listOf(z.string(), 1_000).optional(),
  /** Mode O only: the concept that the photo was searched as. */
  searched_wnid: z.string().optional(),
  /** Only in exports of collections with controls. `control`: the filter dropped the photo as `correct`. */
  split: z.enum(['test', 'control']).optional(),
  /** The photo was decided on logits of another engine (`winnow evidence import`), at least in part. Without it, on winnow's own. */
  evidence: z.literal('imported').optional(),
});

export type PhotoRow = z.output<typeof photoRowSchema>;

/**
 * Probabilities always have a decimal point: readers that infer a column's type from its first lines would otherwise
 * take 0 or 1 for whole numbers and refuse the next line.
 */
export function rowText(row: PhotoRow): string {
  return JSON.stringify(row).replaceAll(/("(?:max_true|predicted)_prob":)([01])(?=[,}])/g, '$1$2.0');
}

export interface PhotoFile {
  readonly row: PhotoRow;
  readonly bytes: Buffer;
  /** Hash of the pixels of a re-encoded picture. */
  readonly pixelsSha256?: Sha256 | null;
}
