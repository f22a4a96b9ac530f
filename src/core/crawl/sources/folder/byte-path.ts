/**
 * Paths as Linux stores them: bytes that need not be UTF-8.
 *
 * A BytePath has one byte in each character (U+0001 to U+00FF; Node's 'latin1'). So `<` compares two paths by their bytes, a
 * name takes as many bytes as on disk, and nothing is lost. A BytePath is not text: show it with `showPath`, and pass it to
 * the file system as `bufferOf(path)`.
 */
export type BytePath = string;

export function bufferOf(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

export function bytePathOf(bytes: Buffer): BytePath {
  return bytes.toString('latin1');
}

export function bytePathOfText(text: string): BytePath {
  return bytePathOf(Buffer.from(text, 'utf8'));
}

export function joinPath(folder: BytePath, name: BytePath): BytePath {
  return folder === '' || folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

/** True if `path` is `folder` or in it. Both are absolute and resolved: without `.`, `..`, links or a slash at the end. */
export function isWithin(path: BytePath, folder: BytePath): boolean {
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`);
}

/** Matches well-formed UTF-8 (RFC 3629, section 4), or in its group a byte that is not. */
const UTF8_OR_BYTE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|([\x80-\xff])/g;

/**
 * Two different paths never give the same text. UTF-8 is shown unchanged. A byte that is not UTF-8 (and U+0000, which PostgreSQL
 * cannot store) becomes `\xNN`, and a backslash before such an escape `\x5c`, so replacing every `\xNN` restores the path.
 */
export function showPath(path: BytePath): string {
  const escaped = path
    .replace(/\\(?=x[0-9a-f]{2})/g, String.raw`\x5c`)
    .replaceAll('\0', String.raw`\x00`)
    .replace(UTF8_OR_BYTE, (whole: string, byte: string | undefined) =>
      byte === undefined ? whole : `\\x${byte.charCodeAt(0).toString(16)}`,
    );
  return bufferOf(escaped).toString('utf8');
}

export function pathOfShown(text: string): BytePath {
  return bytePathOfText(text).replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The `file:` URL of an absolute path, percent-encoded byte by byte except for characters that RFC 3986 allows in a path. */
export function fileUrlOf(path: BytePath): string {
  const encoded = path.replace(
    /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `file://${encoded}`;
}

/**
 * The inverse of `fileUrlOf`, byte for byte: decoding it to text would lose names that are not UTF-8. Throws a RangeError for
 * anything but a plain absolute path.
 */
export function pathOfFileUrl(url: string): Buffer {
  const path = /^file:\/\/(\/(?:[!-~](?<![%?#])|%(?!2[Ff]|00)[0-9A-Fa-f]{2})*)$/.exec(url)?.[1];
  if (path === undefined) {
    throw new RangeError(`Expected a file URL with an absolute, percent-encoded path but received '${url}'`);
  }
  return bufferOf(path.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
}
