import type { Sha256 } from './ids.ts';

/** A file of an export. */
export interface LocalFile {
  /** Relative to the export, with slashes. */
  readonly path: string;
  /** Absolute. */
  readonly place: string;
  /** As SHA256SUMS lists it. */
  readonly sha256: Sha256;
  readonly bytes: number;
}

/** A file at the place where a set is published. */
export interface RemoteFile {
  readonly path: string;
  readonly bytes: number;
  /** Whether it has the content of the local file with this path. False if there is no such local file. */
  readonly isSame: boolean;
  /** Whether replacing it would lose what somebody else stored there. */
  readonly isForeign: boolean;
}

/** Who can see what is published. Null: the destination has rules of its own, or there is nothing yet. */
export type Visibility = 'public' | 'private' | null;

/**
 * A place where a set is published: a dataset on the Hugging Face Hub, or a prefix of a bucket. `look` comes first, then
 * `prepare`. Calls do not overlap.
 *
 * All calls throw StopTheRun for what would fail again, and RetryLater for what may pass. `PUBLISH_CUT` is the code of a
 * RetryLater after which the destination may or may not have done the work: list it again.
 */
export interface Destination {
  /** Where people find the set. */
  readonly url: string;
  /** How much `upload` and `remove` take in one call. What a call did stays done if the next one fails. */
  readonly batch: { readonly files: number; readonly bytes: number };
  /** Looks whether the place is there, and may be used. */
  look(): Promise<Visibility>;
  /** Makes the place if it is missing. */
  prepare(): Promise<Visibility>;
  list(local: ReadonlyMap<string, LocalFile>): AsyncIterable<RemoteFile>;
  /** A small text file. Null if there is none. */
  read(path: string): Promise<string | null>;
  /** @param onFile called once for each file that is there */
  upload(files: readonly LocalFile[], onFile: (file: LocalFile) => void): Promise<void>;
  remove(paths: readonly string[]): Promise<void>;
  /** Uploads the files that say that the set is complete, in this order or at once. */
  finish(files: readonly LocalFile[]): Promise<void>;
  /** Makes deleted files unreachable. Null: deleted files are gone already. */
  readonly forgetHistory: (() => Promise<void>) | null;
}

export const PUBLISH_CUT = 'publish-cut';
