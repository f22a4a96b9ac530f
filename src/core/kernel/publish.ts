import type { Sha256 } from './ids.ts';

export interface LocalFile {
  /** Relative to the export, with slashes. */
  readonly path: string;
  /** Absolute. */
  readonly place: string;
  readonly sha256: Sha256;
  readonly bytes: number;
}

export interface RemoteFile {
  readonly path: string;
  readonly bytes: number;
  /** True if it has the content of the local file with this path. False if there is no such local file. */
  readonly isSame: boolean;
  /** True if winnow did not store it, so replacing it could lose the data of another user. */
  readonly isForeign: boolean;
}

/** Who can see published files. Null if the destination has rules of its own, or nothing is published. */
export type Visibility = 'public' | 'private' | null;

/**
 * A place where a set is published: a dataset on the Hugging Face Hub, or a prefix of a bucket. `look` comes first, then
 * `prepare`. Calls do not overlap.
 *
 * All calls throw StopTheRun for what would fail again, and RetryLater for what may pass. `PUBLISH_CUT` is the code of a
 * RetryLater after which the destination may or may not have done the work: list it again.
 */
export interface Destination {
  readonly url: string;
  /** Limits of one call of `upload` or `remove`. Work of a call stays done if the next one fails. */
  readonly batch: { readonly files: number; readonly bytes: number };
  /** Checks that the place exists and may be used. */
  look(): Promise<Visibility>;
  /** Makes the place if it is missing. */
  prepare(): Promise<Visibility>;
  list(local: ReadonlyMap<string, LocalFile>): AsyncIterable<RemoteFile>;
  /** A small text file. Null if there is none. */
  read(path: string): Promise<string | null>;
  upload(files: readonly LocalFile[], onFile: (file: LocalFile) => void): Promise<void>;
  remove(paths: readonly string[]): Promise<void>;
  /** Uploads the files that say that the set is complete, in this order or at once. */
  finish(files: readonly LocalFile[]): Promise<void>;
  /** Makes deleted files unreachable. Null if deleting suffices. */
  readonly forgetHistory: (() => Promise<void>) | null;
}

export const PUBLISH_CUT = 'publish-cut';
