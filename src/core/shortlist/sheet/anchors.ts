export function classAnchor(wnid: string): string {
  return `class-${idPart(wnid)}`;
}

/** The `id` of a photo's card; a photo may stand in several classes. */
export function cardAnchor(wnid: string, sha256: string): string {
  return `photo-${idPart(wnid)}-${shortSha256(sha256)}`;
}

/** The first 12 digits: enough to find a photo again, short enough to read. */
export function shortSha256(sha256: string): string {
  return sha256.slice(0, 12);
}

/** A wnid as it is; an `id` has no blanks, and custom collections may name classes with any text. */
function idPart(wnid: string): string {
  if (/^\w+$/.test(wnid)) return wnid;
  return `-${[...new TextEncoder().encode(wnid)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
