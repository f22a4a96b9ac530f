import { DeleteObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import type { BlobPlace } from './blob-place.ts';

export type BucketPlace = Extract<BlobPlace, { readonly kind: 's3' }>;

/** Tries of a call in total. The pauses between them add up to about ten seconds. */
const TRIES = 8;
const CONNECT_TIMEOUT_MS = 10_000;
/** Maximum time without a byte from the service. */
const SILENCE_TIMEOUT_MS = 30_000;
/** Connections of one process. The server needs one for each photo that it sends (server.photoResponses). */
const CONNECTIONS = 128;

export function s3ClientFor({ endpoint, region, pathStyle }: BucketPlace, tries = TRIES): S3Client {
  return new S3Client({
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
    forcePathStyle: pathStyle,
    // Some services do not know the newer checksums, which the SDK would add to every call.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: tries,
    followRegionRedirects: true,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      httpAgent: { keepAlive: true, maxSockets: CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: CONNECTIONS },
      // It is normal for photos to wait for a connection.
      socketAcquisitionWarningTimeout: 600_000,
    },
  });
}

/** Removes an object with all its versions, so that deleted bytes cannot be read from an older version. */
export async function removeObject(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
): Promise<void> {
  const { VersionId: marker } = await client.send(new DeleteObjectCommand(object));
  if (marker === undefined) return;
  const command = new ListObjectVersionsCommand({ Bucket: object.Bucket, Prefix: object.Key });
  const { Versions = [], DeleteMarkers = [] } = await client.send(command);
  for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
    if (Key === object.Key && VersionId !== undefined)
      await client.send(new DeleteObjectCommand({ ...object, VersionId }));
}
