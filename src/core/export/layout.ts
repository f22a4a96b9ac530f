import type { ExportFormat, Protocol } from './protocol.ts';
import type { Split } from './select/select.ts';

/**
 * The one description of the paths of an export, in every format. Writing, verifying and publishing use it: `OutputFolder`
 * refuses any other path, and `winnow publish` deletes no other file. Paths that only earlier versions wrote stay in it.
 */

/** The file of an export without pictures that has the hashes of re-encoded pixels. Format 1 has none. */
export const PIXEL_HASHES = 'pixels.sha256';

export const CHECKSUMS = 'SHA256SUMS';
export const PROTOCOL = 'protocol.json';
export const CARD = 'README.md';
export const LICENCES_PAGE = 'LICENSES.md';
/** Earlier exports lack it. */
export const DOMAINS = 'domains.csv';
export const METADATA = 'test/metadata.jsonl';
export const CONTROL_METADATA = 'control/metadata.jsonl';
export const ATTRIBUTION = 'attribution.csv';
export const ATTRIBUTION_PAGE = 'ATTRIBUTION.md';
export const DECISIONS = 'decisions.csv';
export const CROISSANT = 'croissant.json';
/** The program that fetches the photos of an export without pictures. It is `assets/fetch.py`. */
export const FETCH_SCRIPT = 'fetch.py';
export const COCO = 'annotations/coco.json';

const FIXED: readonly string[] = [
  ATTRIBUTION,
  ATTRIBUTION_PAGE,
  CARD,
  CROISSANT,
  DECISIONS,
  LICENCES_PAGE,
  METADATA,
  PROTOCOL,
];

const OTHERS: ReadonlySet<string> = new Set([
  ...FIXED,
  DOMAINS,
  CHECKSUMS,
  CONTROL_METADATA,
  FETCH_SCRIPT,
  PIXEL_HASHES,
]);

const FORMAT_FILES: Readonly<Record<ExportFormat, RegExp>> = {
  webdataset: /^shards\/test-\d{6}\.tar$/,
  coco: /^annotations\/coco\.json$/,
  parquet: /^data\/test-\d{5}-of-\d{5}\.parquet$/,
};

/** Released names of mode O end in `.JPEG`. */
const PHOTO = /^(test|control)\/([^/]+\/[^/]+\.(?:jpg|JPEG|png))$/;

/** True if an export of some version and form can have the file. */
export function isOfAnExport(path: string): boolean {
  return (
    OTHERS.has(path) ||
    PHOTO.test(path) ||
    thumbnailId(path) !== null ||
    Object.values(FORMAT_FILES).some((pattern) => pattern.test(path))
  );
}

export function requiredFiles({ options, format, control, domains }: Protocol): string[] {
  return [
    ...FIXED,
    ...(domains === undefined ? [] : [DOMAINS]),
    ...(control === undefined ? [] : [CONTROL_METADATA]),
    ...(options.pixels ? [] : [FETCH_SCRIPT]),
    ...(options.pixels || format < 2 ? [] : [PIXEL_HASHES]),
    ...(options.formats.includes('coco') ? [COCO] : []),
  ].toSorted();
}

export function filesOfFormat(format: ExportFormat, paths: Iterable<string>): string[] {
  return [...paths].filter((path) => FORMAT_FILES[format].test(path)).toSorted();
}

/** True if the path is not that of a photo or thumbnail. An export has few such files. */
export function isAboutPhotos(path: string): boolean {
  return path === METADATA || path === CONTROL_METADATA || !/^(?:test|control|thumbnails)\//.test(path);
}

/** True if the path belongs to an export with this protocol. Not for paths of photos or thumbnails. */
export function belongs(path: string, protocol: Protocol): boolean {
  return (
    requiredFiles(protocol).includes(path) || protocol.options.formats.some((format) => FORMAT_FILES[format].test(path))
  );
}

/** The path of a photo's file, or of its folder. */
export function photoPath(fileName: string, split: Split = 'test'): string {
  return `${split}/${fileName}`;
}

/** The split of a photo's file and its `file_name`. Null if the path is not that of a photo. */
export function photoOf(path: string): { readonly split: Split; readonly fileName: string } | null {
  const [, split, fileName] = PHOTO.exec(path) ?? [];
  return fileName === undefined ? null : { split: split === 'control' ? split : 'test', fileName };
}

export function shardPath(index: number): string {
  return `shards/test-${padded(index, 6)}.tar`;
}

export function parquetPath(index: number, files: number): string {
  return `data/test-${padded(index, 5)}-of-${padded(files, 5)}.parquet`;
}

const padded = (number: number, digits: number): string => String(number).padStart(digits, '0');

export function thumbnailPath(folder: string, id: string): string {
  return `thumbnails/${folder}/${id}.webp`;
}

/** The id of the photo whose thumbnail has this path, `thumbnails/<folder>/<id>.webp`. Null if it is no thumbnail. */
export function thumbnailId(path: string): string | null {
  return /^thumbnails\/[^/]+\/([A-Za-z0-9_-]+)\.webp$/.exec(path)?.[1] ?? null;
}

/** Why a path from a file of the export is unsafe. Null if it stays within the export and means the same on every system. */
export function unsafePath(path: string): string | null {
  if (path === '') return 'is empty';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute';
  if (path.includes('\\')) return 'has a backslash';
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(path)) return 'has control characters';
  if (path.split('/').some((part) => ['', '.', '..'].includes(part))) return "has an empty part, '.' or '..'";
  return null;
}
