import * as z from 'zod';
import { isSha256, toSha256, type Sha256 } from '../../kernel/ids.ts';
import { listOf } from '../bounded.ts';
import { EXPORT_MODES } from '../modes.ts';
import type { Protocol } from '../protocol.ts';

/** Type of a column of `test/metadata.jsonl`. `label` is the position of a class, `texts` a list. */
export type ColumnType = 'text' | 'label' | 'whole number' | 'number' | 'texts';

interface Column {
  readonly type: ColumnType;
  /** For people who use the set. */
  readonly description: string;
}

const registry = z.registry<Column>();

function column<Value extends z.ZodType>(type: ColumnType, description: string, value: Value): Value {
  registry.add(value, { type, description });
  return value;
}

const text = (description: string) => column('text', description, z.string());
const sha256 = (description: string) => column('text', description, z.string().refine(isSha256).transform(toSha256));
/** `''` if the source does not tell. */
const day = (description: string) => column('text', description, z.string().optional());
const pixels = () => column('whole number', 'In pixels.', z.int().positive());

/**
 * A line of `test/metadata.jsonl`. All lines have the same keys in the same order, but for `evidence`. An unknown text is '' and never
 * null, because readers infer a column's type from its first lines. Creator and licence are then `unknown`.
 */
export const photoRowSchema = z.strictObject({
  file_name: text('The file, relative to test/.'),
  /** `p` and 16 hex digits of the original's SHA-256. */
  id: column('text', 'The photo: the same in every revision.', z.string().regex(/^[A-Za-z0-9_-]+$/)),
  label: column('label', 'Position of the folder among the folders, sorted.', z.int().nonnegative()),
  /** See `folders` of the protocol. */
  wnid: text('The folder.'),
  /** No two folders have the same. */
  class_name: text('The name of the folder’s class.'),
  sha256: sha256('SHA-256 of the file.'),
  /** It differs from `sha256` unless the file has those bytes. */
  original_sha256: sha256('SHA-256 of the bytes that the source gave.'),
  source: text('Where the photo was found.'),
  source_id: text('What the source calls the photo.'),
  /** '' for a file. */
  source_url: text('Where the bytes came from.'),
  page_url: text('The photo’s page at the source.'),
  creator: text('Whom to credit, as the source writes it, or unknown.'),
  /** An SPDX id, an expression `A OR B`, `Public-Domain`, `all-rights-reserved` or `unknown`. */
  license: text('The photo’s licence: an SPDX id where there is one, or unknown.'),
  license_url: text('The text of the licence.'),
  attribution: text('The line to print beside the photo.'),
  width: pixels(),
  height: pixels(),
  /** That of the file if the source tells no other. */
  original_width: column('whole number', 'Of the picture at its source, in pixels.', z.int().positive().optional()),
  original_height: column('whole number', 'Of the picture at its source, in pixels.', z.int().positive().optional()),
  origin: column('text', 'The photo at another source that this one is a copy of.', z.string().optional()),
  restrictions: column(
    'texts',
    'Restrictions other than copyright that the source names, such as personality.',
    listOf(z.string(), 1_000).optional(),
  ),
  usage_signals: column(
    'texts',
    'What the site and the file say about its use by machines, as it came.',
    listOf(z.string(), 1_000).optional(),
  ),
  taken_at: day('The day on which it was taken, as the source says.'),
  uploaded_at: day('The day on which it was uploaded, as the source says.'),
  /** 0..1; null in mode O. */
  max_true_prob: column(
    'number',
    'The largest probability of the searched class over models and crops.',
    z.number().nullable(),
  ),
  predicted_wnid: text('The class that the models take the photo for.'),
  /** Over members and crops (mode O: over the first member's), 0..1. */
  predicted_prob: column('number', 'Its mean probability over the crops.', z.number()),
  tags: column('texts', 'What may fool the models, as the reviewers see it.', listOf(z.string(), 1_000)),
  decided_by: column(
    'text',
    'What decided that the photo is accepted.',
    z.enum(['single', 'agreement', 'adjudication', 'import']),
  ),
  /** Sorted. Exports that were made before winnow asked for them lack it. */
  also_wnids: column(
    'texts',
    'Further classes that are clearly visible, as the reviewers see it.',
    listOf(z.string(), 1_000).optional(),
  ),
  /** Mode O only. */
  searched_wnid: column('text', 'The concept that the photo was searched as.', z.string().optional()),
  /** Only in exports of collections with controls, which the filter dropped as `correct`. */
  split: column('text', 'The folder test/ or control/ that has the photo.', z.enum(['test', 'control']).optional()),
  /** By `winnow evidence import`, at least in part. Without it, on winnow's own. */
  evidence: column(
    'text',
    'The word imported if the photo was decided on logits of another engine.',
    z.literal('imported').optional(),
  ),
});

export type PhotoRow = z.output<typeof photoRowSchema>;

/** Exports that were made before winnow stored them lack these. */
export const ORIGINAL_COLUMNS = [
  'original_width',
  'original_height',
  'origin',
  'restrictions',
  'usage_signals',
  'taken_at',
  'uploaded_at',
] as const;

interface PhotoColumn extends Column {
  readonly name: keyof PhotoRow;
}

const COLUMNS: readonly PhotoColumn[] = photoRowSchema.keyof().options.map((name) => {
  const about = registry.get(photoRowSchema.shape[name]);
  if (about === undefined) throw new Error(`Expected a type and a description of the column ${name}`);
  return { name, ...about };
});

export interface OptionalColumns {
  readonly hasSearchedWnid: boolean;
  readonly hasAlso: boolean;
  /** Default: true. */
  readonly hasOriginal?: boolean;
  /** True if the collection has controls. Default: false. */
  readonly hasSplit?: boolean;
  /** True if photos or controls were decided on imported evidence. Default: false. */
  readonly hasEvidence?: boolean;
}

export function photoColumns({
  hasSearchedWnid,
  hasAlso,
  hasOriginal = true,
  hasSplit = false,
  hasEvidence = false,
}: OptionalColumns): readonly PhotoColumn[] {
  const has: Partial<Record<keyof PhotoRow, boolean>> = {
    also_wnids: hasAlso,
    ...Object.fromEntries(ORIGINAL_COLUMNS.map((name) => [name, hasOriginal])),
    searched_wnid: hasSearchedWnid,
    split: hasSplit,
    evidence: hasEvidence,
  };
  return COLUMNS.filter(({ name }) => has[name] ?? true);
}

/** The columns of an export. Those that were made before winnow asked for further classes have none for them. */
export function columnsOf(protocol: Pick<Protocol, 'rule' | 'review'> & Partial<Protocol>): readonly PhotoColumn[] {
  return photoColumns({
    ...EXPORT_MODES[protocol.rule.mode],
    hasAlso: protocol.review.alsoPhotos !== undefined,
    hasOriginal: protocol.restrictions !== undefined,
    hasSplit: protocol.control !== undefined,
    hasEvidence: protocol.imported !== undefined,
  });
}

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
