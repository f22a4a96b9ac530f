/** Identifies the version of a file: validators of HTTP (RFC 9110, 8.8), or the modification time and size of a file on disk. */
export interface RemoteVersion {
  /** The header as received, with its quotes and `W/`. */
  readonly etag: string | null;
  /** The header as received. For a file on disk, its modification time. */
  readonly lastModified: string | null;
  /** Size of the whole file as sent. Null if unknown. */
  readonly bytes: number | null;
}

export const NO_VERSION: RemoteVersion = { etag: null, lastModified: null, bytes: null };

/** Longer validators are ignored, so that a server cannot fill the database. */
const LONGEST_VALIDATOR = 1_000;

export function versionOf(headers: Readonly<Record<string, string | undefined>>): RemoteVersion {
  return { etag: validator(headers['etag']), lastModified: validator(headers['last-modified']), bytes: null };
}

function validator(text: string | undefined): string | null {
  const given = text?.trim() ?? '';
  return given === '' || given.length > LONGEST_VALIDATOR ? null : given;
}

/** Headers that request a file only if it is another version. Empty if the version is unknown. */
export function conditionsOf({ etag, lastModified }: RemoteVersion): Record<string, string> {
  return {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
  };
}

/** True if two versions are certainly the same file: the same tag or, if one has no tag, the same time and size. */
export function isSameVersion(a: RemoteVersion, b: RemoteVersion): boolean {
  if (a.bytes !== null && b.bytes !== null && a.bytes !== b.bytes) return false;
  if (a.etag !== null && b.etag !== null) return weak(a.etag) === weak(b.etag);
  return a.lastModified !== null && a.lastModified === b.lastModified && a.bytes !== null && a.bytes === b.bytes;
}

/** True if two versions are certainly different files: another tag, time or size. */
export function isOtherVersion(a: RemoteVersion, b: RemoteVersion): boolean {
  if (a.bytes !== null && b.bytes !== null && a.bytes !== b.bytes) return true;
  if (a.etag !== null && b.etag !== null) return weak(a.etag) !== weak(b.etag);
  return a.lastModified !== null && b.lastModified !== null && a.lastModified !== b.lastModified;
}

/** A tag without its weak mark. Tags that are equal in this form mean the same content. */
function weak(etag: string): string {
  return etag.replace(/^W\//, '');
}

/** The value of If-Range for a request of a part of the file: a strong tag, otherwise a time. Null if there is neither. */
export function rangeCondition({ etag, lastModified }: RemoteVersion): string | null {
  return etag !== null && !etag.startsWith('W/') ? etag : lastModified;
}
