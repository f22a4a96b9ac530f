/** What tells whether a file is still the one that was read: validators of HTTP (RFC 9110, 8.8), or what a disk says. */
export interface FileVersion {
  /** As it came, with its quotes and `W/`. */
  readonly etag: string | null;
  /** As it came; of a file on disk its time of modification. */
  readonly lastModified: string | null;
  /** Of the whole file as it is sent; null if that is not said. */
  readonly bytes: number | null;
}

export const NO_VERSION: FileVersion = { etag: null, lastModified: null, bytes: null };

/** Longer ones are no validators but a way to fill a database. */
const LONGEST_VALIDATOR = 1_000;

/** Of the headers of an answer (names in lower case). */
export function versionOf(headers: Readonly<Record<string, string | undefined>>): FileVersion {
  return { etag: validator(headers['etag']), lastModified: validator(headers['last-modified']), bytes: null };
}

function validator(text: string | undefined): string | null {
  const given = text?.trim() ?? '';
  return given === '' || given.length > LONGEST_VALIDATOR ? null : given;
}

/** Headers that ask for a file unless it is still this version; none if nothing is known of it. */
export function conditionsOf({ etag, lastModified }: FileVersion): Record<string, string> {
  return {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
  };
}

/**
 * Whether two versions are surely the same file: the same tag, or, where either has none, the same time and size. False
 * where that cannot be told.
 */
export function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  if (a.bytes !== null && b.bytes !== null && a.bytes !== b.bytes) return false;
  if (a.etag !== null && b.etag !== null) return weak(a.etag) === weak(b.etag);
  return a.lastModified !== null && a.lastModified === b.lastModified && a.bytes !== null && a.bytes === b.bytes;
}

/** Whether two versions are surely not the same file: another tag, time or size. */
export function isOtherVersion(a: FileVersion, b: FileVersion): boolean {
  if (a.bytes !== null && b.bytes !== null && a.bytes !== b.bytes) return true;
  if (a.etag !== null && b.etag !== null) return weak(a.etag) !== weak(b.etag);
  return a.lastModified !== null && b.lastModified !== null && a.lastModified !== b.lastModified;
}

/** A tag without the mark that it is weak: the same for what means the same. */
function weak(etag: string): string {
  return etag.replace(/^W\//, '');
}

/** What a part of a file may be asked for with (If-Range): a strong tag, or else a time. Null if there is neither. */
export function rangeCondition({ etag, lastModified }: FileVersion): string | null {
  return etag !== null && !etag.startsWith('W/') ? etag : lastModified;
}
