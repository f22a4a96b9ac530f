import * as z from 'zod';
import { SOURCE_NAMES } from '../config/sources/sources.ts';
import { wholeNumber } from '../config/schema-problems.ts';
import { EXPORT_FORMATS } from '../export/protocol.ts';
import { either, option, listOf, optional, optionalText, type OptionsOf } from './operation.ts';

export interface SettingsOptions {
  /** A file of settings, used instead of config/local.yaml. */
  readonly config?: string | undefined;
  /** By name, `{ 'filter.threads': 2 }`: they win over the environment and files. `winnow config` lists all. */
  readonly settings?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** Gets warnings and messages as lines, as `process.stderr` does. Default: nothing is written. */
  readonly log?: { write(text: string): unknown } | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenOptions extends SettingsOptions {
  /** The data folder. Default: `data` in the working directory. */
  readonly data?: string | undefined;
  /** A name under config/collections or in the catalogue, or the path of a file. Default: the only one of the catalogue. */
  readonly collection?: string | undefined;
  /** True to make the data folder if it has no data. Default: false, which refuses such a folder. */
  readonly create?: boolean | undefined;
}

export interface Progress {
  /** A source, `filter`, or a step such as `export`. */
  readonly what: string;
  readonly done: number;
  /** Null while unknown. */
  readonly total: number | null;
  /** True if the total may still grow. */
  readonly isGrowing?: boolean;
  readonly bytes?: number;
  /** Why the work waits, such as an operator's pause. */
  readonly note?: string;
}

export interface WorkOptions {
  /** If it aborts, the jobs in flight finish, and the call ends with `Interrupted`. What is done stays done. */
  readonly signal?: AbortSignal | undefined;
  /** Called at most a few times a second. It must not throw. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** An operation's options, as programs give them and as its command takes them for flags. */
export const CRAWL = z.object({
  source: optional(listOf(z.string()), 'names', {
    help: `where the photos come from, separated by commas: ${SOURCE_NAMES.join(', ')}, or one of your own (default: folder with --from, else the collection's)`,
    sentence: "Default: `['folder']` with `from`, otherwise the collection's.",
  }),
  from: optionalText('path', 'the folder of photos, or for the source urls the file that lists them'),
  class: optional(listOf(z.string()), 'names', {
    help: 'list these classes of the collection only, by wnid or name, separated by commas; or repeat the flag',
    sentence: 'Only these classes of the collection, by wnid or name.',
    isRepeated: true,
  }),
  allow: optional(listOf(z.string()), 'concepts', {
    help: 'mode O: take photos of these concepts below one of the 1,000 classes, separated by commas',
    sentence: 'Mode O: also take photos of these concepts below one of the 1,000 classes.',
    isRepeated: true,
  }),
  since: optional(
    z.iso
      .date()
      .refine((day) => Date.parse(day) <= Date.now())
      .describe('a day such as 2026-01-31 that is not to come'),
    'date',
    {
      help: 'only photos that were uploaded on this day or later, or that have no date',
      sentence: 'Only photos that were uploaded on this day, such as `2026-01-31`, or later, or that have no date.',
    },
  ),
  dates: optional(z.enum(['exif']), 'where', {
    help: 'exif: read from EXIF on which day a photo of a folder was taken',
    sentence: 'Read from EXIF on which day a photo of a folder was taken. Default: the EXIF is not read.',
  }),
  again: either(false, {
    help: 'make finished searches again, to find photos that were added since',
    sentence: "True to make finished searches again. They go on after what they listed, if the site's order allows it.",
  }),
});

export interface CrawlOptions extends WorkOptions, OptionsOf<typeof CRAWL> {}

export const SHORTLIST = z.object({
  cap: optional(wholeNumber(1, 999_999_999), 'n', {
    help: "at most this many photos per confusion (default: the collection's policy.cap)",
    sentence: "At most so many photos per confusion. Default: the collection's `policy.cap`.",
  }),
  controls: optional(wholeNumber(0, 1_000_000), 'n', {
    help: 'controls per class: photos that the filter dropped as correct (default: as in the last shortlist)',
    sentence:
      'Photos per class that the filter dropped as `correct`, to review among the listed ones. Default: those of the last shortlist.',
  }),
  crawlSample: optional(wholeNumber(0, 1_000_000), 'n', {
    help: 'draw up to n photos each of those left out, dropped as correct and dropped as confident, to estimate the accuracy on the crawl; 0 ends it (default: the last sample stays)',
    sentence:
      'Photos to draw of those left out, of those dropped as `correct` and of those dropped as `confident`, to estimate the accuracy on the crawl; 0 ends it. Default: the last sample stays.',
  }),
  reviewEvidence: either(true, {
    help: 'do not run the models of review.outsideModels on the listed photos for reviewers',
    sentence: 'False: the models of `review.outsideModels` do not look at the listed photos. Default: true.',
  }),
});

export interface ShortlistOptions extends WorkOptions, OptionsOf<typeof SHORTLIST> {}

export interface ListOptions<State = string> extends Pick<CrawlOptions, 'class'> {
  readonly state?: State | undefined;
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const VERDICTS_IMPORT = z.object({
  reviewer: optionalText('name', {
    help: 'who gave the verdicts that name nobody (default: import)',
    sentence: 'Who gave the verdicts that name nobody. Default: `import`.',
  }),
});

export interface ImportOptions extends OptionsOf<typeof VERDICTS_IMPORT> {}

export const EXPORT = z.object({
  out: optionalText('dir', 'the folder to make'),
  format: optional(
    listOf(z.enum(EXPORT_FORMATS)),
    'formats',
    `also write ${EXPORT_FORMATS.join(', ')} (separate by commas)`,
  ),
  names: option(z.enum(['id', 'imagenet-a']).default('id'), 'names', {
    help: 'how pictures are named: by id, or as in the released ImageNet-A and -O',
    sentence: 'How pictures are named: by id, or as in the released ImageNet-A and -O. Default: `id`.',
  }),
  by: optional(
    z.enum(['predicted', 'concept']),
    'what',
    'mode O: folders by the predicted class (default) or by the concept',
  ),
  licences: optional(listOf(z.string()).nullable(), 'ids', {
    help: 'only photos under these licences (separate by commas)',
    sentence: 'Only photos under these licences. Default: those that allow redistribution.',
  }),
  pixels: either(true, {
    help: 'links, hashes and evidence, with a script that fetches the pictures',
    sentence: 'False leaves out all pictures.',
  }),
  hardLinks: either(
    false,
    'pictures with the stored bytes are hard links to them: they take no room, and must not be changed',
  ),
  keepMetadata: either(false, 'keep EXIF, XMP, IPTC and comments: positions, serial numbers and names'),
  thumbnails: either(false, 'also write a small copy of each photo'),
  requireAcceptance: either(false, {
    help: 'refuse a set that the second pass did not accept (winnow acceptance)',
    sentence: 'Refuses to export a set that the second pass did not accept (`review.acceptance.maxLabelError`).',
  }),
});

export interface ExportOptions extends WorkOptions, OptionsOf<typeof EXPORT> {
  /** The folder to make. */
  readonly out: string;
}

export const VERIFY = z.object({
  sample: optional(wholeNumber(0, 999_999_999), 'n', {
    help: 'recompute the rule for n photos only; 0 needs no models',
    sentence: 'Recomputes the rule for so many photos only; 0 needs no models. Default: for all.',
  }),
});

export interface VerifyOptions extends SettingsOptions, WorkOptions, OptionsOf<typeof VERIFY> {}
