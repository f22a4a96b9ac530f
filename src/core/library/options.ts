import type { ExportFormat } from '../export/protocol.ts';

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

export interface CrawlOptions extends WorkOptions {
  /** Default: `['folder']` with `from`, otherwise the collection's. */
  readonly source?: readonly string[] | undefined;
  /** The folder of photos, or for the source `urls` the file that lists them. */
  readonly from?: string | undefined;
  /** Only these classes of the collection, by wnid or name. */
  readonly class?: readonly string[] | undefined;
  /** Mode O: also take photos of these concepts below one of the 1,000 classes. */
  readonly allow?: readonly string[] | undefined;
  /** True to make finished searches again. They go on after what they listed, if the site's order allows it. */
  readonly again?: boolean | undefined;
}

export interface ShortlistOptions extends WorkOptions {
  /** At most so many photos per confusion. Default: the collection's `policy.cap`. */
  readonly cap?: number | undefined;
  /** Photos per class that the filter dropped as `correct`, to review among the listed ones. Default: those of the last shortlist. */
  readonly controls?: number | undefined;
  /** False: the models of `review.outsideModels` do not look at the listed photos. Default: true. */
  readonly reviewEvidence?: boolean | undefined;
}

export interface ListOptions<State = string> extends Pick<CrawlOptions, 'class'> {
  readonly state?: State | undefined;
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImportOptions {
  /** Who gave the verdicts that name nobody. Default: `import`. */
  readonly reviewer?: string | undefined;
}

export interface ExportOptions extends WorkOptions {
  /** The folder to make. */
  readonly out: string;
  readonly format?: readonly ExportFormat[] | undefined;
  /** Default: `id`. */
  readonly names?: 'id' | 'imagenet-a' | undefined;
  /** Mode O: the folders of the pictures. Default: `predicted`. */
  readonly by?: 'predicted' | 'concept' | undefined;
  /** Only photos under these licences. Default: those that allow redistribution. */
  readonly licences?: readonly string[] | null | undefined;
  /** False leaves out all pictures. */
  readonly pixels?: boolean | undefined;
  readonly hardLinks?: boolean | undefined;
  readonly thumbnails?: boolean | undefined;
  readonly keepMetadata?: boolean | undefined;
  /** Refuses to export a set that the second pass did not accept (`review.acceptance.maxLabelError`). */
  readonly requireAcceptance?: boolean | undefined;
}

export interface VerifyOptions extends SettingsOptions, WorkOptions {
  /** Recomputes the rule for so many photos only; 0 needs no models. Default: for all. */
  readonly sample?: number | undefined;
}
