import * as z from 'zod';
import { INTERPOLATIONS } from '../kernel/interpolation.ts';
import { isSha256, toSha256 } from '../kernel/ids.ts';
import { CLASSES, count, FEW, listOf, MANY, recordOf, share } from './bounded.ts';
import { trainingDataSchema } from '../collection/training-data.ts';
import { EXPORT_MODES } from './modes.ts';
import { period, reviewSchema } from './protocol-review.ts';

/** Why a listed or reviewed photo is not in a revision. Reasons are checked in this order. */
export const EXPORT_REASONS = [
  'unreviewed',
  'rejected',
  'unsure',
  'disputed',
  // Accepted, but the verdict does not count (`NotCounting`).
  'taken-down',
  'withdrawn',
  'dropped',
  'failed',
  'undecided',
  'left-out',
  'licence',
  // Also accepted for another class: a test photo shows one class.
  'duplicate',
  // Accepted, but its confusion has as many accepted photos as the cap allows. An undone rejection can cause this.
  'cap',
] as const;
export type ExportReason = (typeof EXPORT_REASONS)[number];

export const EXPORT_FORMATS = ['webdataset', 'coco', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/**
 * Version of the form and the texts of an export. It rises with each release that changes a file, a key or a sentence that
 * `winnow export` writes. `winnow verify` reads every format from 1. It writes texts again, and compares them, only for this one.
 * A check that older exports would not pass asks for `protocol.format` first, and a key that they lack is optional below.
 *
 * 1: the first one. Pictures keep the metadata of their source.
 * 2: pictures lose their metadata, so `sha256` differs from `original_sha256` for most of them. The sentences of card,
 *    datasheet, Croissant file and attribution follow from what happened.
 * 3: rows have the size of the original, its origin, restrictions and dates.
 * 4: the collection may name sources in files of its own (`modules`).
 */
export const EXPORT_FORMAT = 4;

const sha256 = z.string().refine(isSha256).transform(toSha256);
const wnid = z.string().min(1);
const time = z.iso.datetime();
const triple = z.tuple([z.number(), z.number(), z.number()]).readonly();

const NONE = 'expected at least one item';
const hasItems = (list: readonly unknown[]): boolean => list.length > 0;
const isEachOnce = (list: readonly unknown[]): boolean => new Set(list).size === list.length;

const dated = period.extend({ photos: count }).nullable();

const classSchema = z.strictObject({ label: count, wnid, name: z.string(), photos: count });

const ruleSchema = z.discriminatedUnion('mode', [
  z.strictObject({
    mode: z.literal('A'),
    threshold: share,
    aggregation: z.enum(['max', 'mean']),
    members: z.enum(['any', 'all']),
    cap: count,
  }),
  z.strictObject({ mode: z.literal('O'), minConfidence: share, cap: count }),
]);

const modelSchema = z.strictObject({
  name: z.string(),
  sha256,
  bytes: count,
  /** See `preprocessingVersion`. It also names the hash of a head. */
  preprocessing: z.string(),
  /** The execution provider of the evidence, such as `cpu`; several are joined by ` and `. */
  executionProvider: z.string(),
  licence: z.string(),
  source: z.string(),
  /** As the model's card says. Older exports, and models whose card says nothing, lack it. */
  trainingData: trainingDataSchema.optional(),
  /** Side of the square input and of the shorter side before cropping, in pixels; mean and deviation in units of 0..255. */
  size: count,
  shorterSide: count,
  /** Older exports lack the next two: their photos keep their shape and are resized by `bilinear-antialias`. */
  isSquare: z.boolean().optional(),
  interpolation: z.enum(INTERPOLATIONS).optional(),
  mean: triple,
  std: triple,
});

const importedPhotos = z.int().min(0).max(100_000_000);
/** An import of evidence: see `EvidenceImport`. All are null if the import is older than version 0.10.0. */
const importSchema = z.strictObject({
  plan: sha256.nullable(),
  seed: z.string().nullable(),
  photos: importedPhotos.nullable(),
  compared: importedPhotos.nullable(),
  mostDiffering: share.nullable(),
});

/**
 * `protocol.json`: what a revision is, how it was made, and what `winnow verify` recomputes. Card, datasheet and
 * Croissant file are written from it alone.
 */
export const protocolSchema = z.strictObject({
  /** `EXPORT_FORMAT` of the winnow that wrote the export. */
  format: z.int().min(1).max(EXPORT_FORMAT),
  /** SHA-256 of this object without `id` (`idOf`). It covers every photo by way of `files`. */
  id: sha256,
  winnow: z.string(),
  collection: z.strictObject({
    name: z.string(),
    /** Hash of the collection file; then of the rules that can change decisions, with the models' bytes. */
    sha256,
    decisionSha256: sha256,
    sources: listOf(z.string(), FEW),
    /** Sources in files of the curators' own. Absent without any. */
    modules: listOf(z.strictObject({ name: z.string(), file: z.string(), sha256 }), FEW).optional(),
  }),
  /** When the newest fact of the revision entered the catalogue: a verdict, a shortlist or a takedown. */
  frozenAt: time,
  rule: ruleSchema,
  nearDuplicates: z.strictObject({ distance: count, cosine: share.nullable() }),
  models: listOf(modelSchema, FEW).refine(hasItems, NONE),
  /** In the order of the wnids. Mode A: the mask. Mode O: all classes of the model. */
  among: listOf(wnid, CLASSES).refine(hasItems, NONE),
  /** Mode A: classes that photos are searched as. Mode O: classes that the model must predict. Sorted by wnid. */
  searched: listOf(wnid, CLASSES).refine(hasItems, NONE),
  /**
   * The meaning of the folders in `test/`. Mode A: the class searched as. Mode O: the class that the model predicts, or the
   * concept that the photo shows.
   */
  folders: z.enum(['class', 'predicted', 'concept']),
  /** The folders of `test/`, sorted by wnid, so that `label` is the position. No two have the same name. */
  classes: listOf(classSchema, CLASSES),
  photos: count,
  /** Size of the files in `test/` that show photos. */
  bytes: count,
  /** Photos that lost their metadata only. Format 1 lacks it: 0. */
  stripped: count.optional(),
  /** Photos that were written as PNG with the pixels that were decided on. The rest have their original bytes. */
  reencoded: count,
  pictures: z.strictObject({ jpg: count, png: count }),
  /**
   * The controls in `control/`, if the collection has any. `photos` and `bytes` are those of the files, and `licences` is sorted.
   * `accepted`, `rejected`: verdicts on all controls. Older exports may have `classes`, with labels of classes that the set lacks.
   */
  control: z
    .strictObject({
      photos: count,
      bytes: count,
      classes: listOf(classSchema, CLASSES).optional(),
      accepted: count,
      rejected: count,
      licences: listOf(z.string(), CLASSES),
    })
    .optional(),
  /** Photos and controls that were decided on imported evidence, if there are any, and the imports of these models. */
  imported: z.strictObject({ photos: count, controls: count, imports: listOf(importSchema, 10 * FEW) }).optional(),
  /** By reason, in the order of EXPORT_REASONS; only reasons that occur. */
  leftOut: listOf(z.strictObject({ reason: z.enum(EXPORT_REASONS), count }), FEW),
  /** Sorted by licence. `url` is '' if the licence has no address. `stated`: photos whose licence the curator stated, if any. */
  licences: listOf(
    z.strictObject({ licence: z.string(), url: z.string(), photos: count, stated: count.optional() }),
    CLASSES,
  ),
  /** Photos with a restriction other than copyright, sorted by restriction. Older exports lack it. */
  restrictions: listOf(z.strictObject({ restriction: z.string(), photos: count }), CLASSES).optional(),
  /** Photos by the host that they came from ('' for files), and what was said about their use by machines. Older exports lack it. */
  domains: listOf(
    z.strictObject({
      host: z.string(),
      photos: count,
      signals: listOf(z.strictObject({ signal: z.string(), photos: count }), CLASSES),
    }),
    MANY,
  ).optional(),
  /** The photos of which the source says when they were taken and uploaded. Older exports lack it. */
  dates: z.strictObject({ taken: dated, uploaded: dated }).optional(),
  /** Photos by source, and how many of them have a page and an address. Format 1 lacks the last two. */
  sources: listOf(
    z.strictObject({ source: z.string(), photos: count, pages: count.optional(), addresses: count.optional() }),
    FEW,
  ),
  tags: listOf(z.strictObject({ tag: z.string(), photos: count }), CLASSES),
  /** Days (UTC) on which the first and the last photo of the revision was found. */
  collected: period.nullable(),
  review: reviewSchema,
  /** Totals of `winnow status --json`, as they were when the revision was made. */
  funnel: z.record(z.string(), z.unknown()),
  options: z.strictObject({
    formats: listOf(z.enum(EXPORT_FORMATS), EXPORT_FORMATS.length).refine(isEachOnce, 'expected each format once'),
    names: z.enum(['id', 'imagenet-a']),
    pixels: z.boolean(),
    thumbnails: z.boolean(),
    /** True if pictures keep EXIF, XMP, IPTC and comments. Format 1 lacks it and means `true`. */
    keepMetadata: z.boolean().optional(),
    /** Allowed licences; null: those that allow redistribution. */
    licences: listOf(z.string(), CLASSES).nullable(),
  }),
  /** Photos of earlier revisions that were taken down since. */
  tombstones: listOf(z.strictObject({ id: z.string(), wnid, takenDownAt: time }), MANY),
  choices: listOf(z.string(), FEW),
  card: recordOf(z.string(), FEW),
  /** SHA-256 of `test/metadata.jsonl`, `attribution.csv` and `decisions.csv`. */
  files: recordOf(sha256, FEW),
});

export type Protocol = z.output<typeof protocolSchema>;

export function keepsMetadata({ format, options }: Pick<Protocol, 'format' | 'options'>): boolean {
  return format < 2 || options.keepMetadata === true;
}

const total = z.number().default(0);
const totals = z.record(z.string(), z.number()).default({});

/** The totals that the stages of a funnel are made of. A count that another version of winnow does not know is 0. */
const totalsSchema = z.object({
  found: total,
  waiting: total,
  fetched: total,
  dropped: totals,
  failed: totals,
  duplicates: total,
  decided: z
    .object({
      kept: total,
      correct: total,
      confident: total,
      notConfident: total,
      otherClass: total,
      inReferenceSet: total,
      undecided: total,
      failed: total,
    })
    .prefault({}),
  shortlisted: total,
  leftOut: z.object({ cap: total, nearDuplicate: total, target: total }).prefault({}),
  unlisted: total,
  selected: total,
  rejected: total,
  unsure: total,
  disputed: total,
  unreviewed: total,
  pruned: total,
  undecidedPruned: total,
  poisoned: total,
});

export function totalsOf(funnel: Protocol['funnel']): z.output<typeof totalsSchema> {
  return totalsSchema.parse(funnel);
}

const COMMON = [
  'The same bytes count once for a class, and a near-duplicate of a listed photo (64-bit perceptual hash, confirmed by a finer comparison) is not listed unless it was reviewed before.',
  'EXIF orientation is applied, alpha is put on white and 16-bit pictures take the high byte, before the models see a photo.',
  'Crops are cut after the photo was resized as Pillow does, to the sides and by the filter that `preprocessing` names; beside a shorter side, the other one is int(size * long / short).',
] as const;

/**
 * @param allowed mode O: concepts below one of the 1,000 classes whose photos are taken: `baby grand (n02766792)`
 * @param sigmoid members whose p are sigmoids
 */
export function choicesOf(
  mode: Protocol['rule']['mode'],
  { allowed = [], sigmoid = [] }: { readonly allowed?: readonly string[]; readonly sigmoid?: readonly string[] } = {},
): string[] {
  const below = `The curators allowed concepts that are below one of the 1,000 classes, in WordNet or by the last words of their names: ${allowed.join(', ')}.`;
  const own = `p of ${sigmoid.join(' and ')} is each class's own sigmoid instead of a softmax: it does not depend on the other classes, and the p of a crop do not sum to 1. The rule compares its limit with that p, and means are of p as each member gives it.`;
  return [
    ...EXPORT_MODES[mode].choices,
    ...(allowed.length > 0 ? [below] : []),
    ...(sigmoid.length > 0 ? [own] : []),
    ...COMMON,
  ];
}
