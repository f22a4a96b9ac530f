import path from 'node:path';
import type { Config } from '../../config/settings.ts';

/** The storage location of blobs, as plain data that can be sent to a thread. */
export type BlobPlace =
  | { readonly kind: 'folder'; readonly folder: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** The beginning of all keys: empty, or with a slash at its end. */
      readonly prefix: string;
      readonly endpoint: string | null;
      readonly region: string | null;
      readonly pathStyle: boolean;
      /** Folder for copies, for programs that only read files. */
      readonly localFolder: string;
    };

type BlobSettings = Pick<Config['blobs'], 'url' | 'endpoint' | 'region' | 'pathStyle'>;

const DEFAULT_FOLDER = 'blobs';
/** Model files are below this: in S3 below the prefix of the photos, on a machine in the data folder. */
export const MODELS = 'models';
/** S3 services other than Amazon's seldom have regions, but a signature names one. */
const REGION_OF_OTHERS = 'us-east-1';

/** The place that the settings name; by default the folder `blobs` in the data folder. */
export function blobPlaceOf({ url, endpoint, region, pathStyle }: BlobSettings, dataDir: string): BlobPlace {
  const localFolder = path.join(dataDir, DEFAULT_FOLDER);
  if (url === null) return { kind: 'folder', folder: localFolder };
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
  const folder = key.replace(/^\/+|\/+$/g, '');
  return {
    kind: 's3',
    bucket,
    prefix: folder === '' ? '' : `${folder}/`,
    endpoint,
    region: region ?? (endpoint === null ? null : REGION_OF_OTHERS),
    pathStyle: pathStyle ?? endpoint !== null,
    localFolder,
  };
}

/** For people: a path, or the bucket, the prefix and the service. */
export function placeText(place: BlobPlace): string {
  if (place.kind === 'folder') return place.folder;
  const at = place.endpoint === null ? '' : ` at ${new URL(place.endpoint).origin}`;
  return `s3://${place.bucket}/${place.prefix}${at}`;
}

export function isSamePlace(one: BlobPlace, other: BlobPlace): boolean {
  return placeText(one) === placeText(other);
}
