import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { LostBytes, type BlobStore, type OpenBlob } from '../../kernel/blobs.ts';
import { codeOf } from '../../kernel/errors.ts';
import { isSha256, type Sha256 } from '../../kernel/ids.ts';
import { openBlobFolder } from './blob-folder.ts';
import { placeText, type BlobPlace } from './blob-place.ts';
import { S3Calls, type ObjectBytes } from './s3-calls.ts';
import { verified, verifiedStream } from './verified.ts';

type BucketPlace = Extract<BlobPlace, { readonly kind: 's3' }>;

/** Tries of a call in total. The pauses between them add up to about ten seconds. */
const TRIES = 8;
const CONNECT_TIMEOUT_MS = 10_000;
/** Maximum time without a byte from the service. */
const SILENCE_TIMEOUT_MS = 30_000;
/** Connections of one process. The server needs one for each photo that it sends (server.photoResponses). */
const CONNECTIONS = 128;

/**
 * Blobs as objects: `<prefix>ab/cd/<sha256>`, the layout of a blob folder, so either can be copied to the other. One
 * request writes an object, so it exists completely or not at all.
 *
 * Works with Amazon's S3 and compatible services (MinIO). Checksums are sent, but only requested where the protocol
 * needs them.
 */
export function openBlobBucket(place: BucketPlace, { tries = TRIES }: { readonly tries?: number } = {}): BlobStore {
  const calls = new S3Calls(clientFor(place, tries), { bucket: place.bucket, shown: placeText(place) });
  const keyOf = (sha256: Sha256): string => `${place.prefix}${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
  const placeOf = (sha256: Sha256): string => `s3://${place.bucket}/${keyOf(sha256)}`;
  const read = async (sha256: Sha256): Promise<Buffer> => {
    const bytes = await calls.get(keyOf(sha256));
    if (bytes === null) throw missing(placeOf(sha256));
    return verified(bytes, { sha256, place: placeOf(sha256) });
  };
  const open = async (sha256: Sha256): Promise<OpenBlob> => {
    const object = await calls.open(keyOf(sha256));
    if (object === null) throw missing(placeOf(sha256));
    return { bytes: object.bytes, stream: verifiedStream(object.stream, { sha256, place: placeOf(sha256) }) };
  };
  const copies = openBlobFolder(place.localFolder);
  return {
    read,
    open,
    placeOf,
    put: (sha256, bytes) => putWhole(calls, keyOf(sha256), { bytes, sha256 }),
    sizeOf: async (sha256) => (await calls.head(keyOf(sha256)))?.bytes ?? null,
    async remove(sha256) {
      await calls.remove(keyOf(sha256));
      await copies.remove(sha256);
    },
    async localFile(sha256) {
      const bytes = await read(sha256);
      await copies.put(sha256, bytes);
      return copies.pathOf(sha256);
    },
    async *list(shard) {
      for await (const { key, bytes } of calls.list(`${place.prefix}${shard === undefined ? '' : `${shard}/`}`)) {
        const name = key.slice(key.lastIndexOf('/') + 1);
        const isBlob = isSha256(name) && key === keyOf(name);
        yield { place: `s3://${place.bucket}/${key}`, sha256: isBlob ? name : null, bytes, problem: null };
      }
    },
    // S3 has no unfinished objects.
    removeUnfinished: () => Promise.resolve(0),
    check: () => calls.check(place.prefix),
    close: () => Promise.resolve(calls.destroy()),
  };
}

function missing(place: string): LostBytes {
  return new LostBytes('missing', `There are no bytes at ${place}`);
}

function clientFor({ endpoint, region, pathStyle }: BucketPlace, tries: number): S3Client {
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

/** Number of times that an object is written if it is not correct afterwards. */
const WRITES = 3;

async function putWhole(calls: S3Calls, key: string, object: ObjectBytes): Promise<void> {
  for (let left = WRITES - 1; ; left -= 1) {
    try {
      if (await calls.putNew(key, object)) return;
      // Another writer stored it first. Compare it, and replace it if it differs.
      if (!(await holds(calls, key, object))) await calls.replace(key, object);
      return;
    } catch (error) {
      if (left === 0 || codeOf(error) !== 's3-half-written') throw error;
    }
  }
}

/** Compares by the checksum that the service keeps, or else by reading. */
async function holds(calls: S3Calls, key: string, wanted: ObjectBytes): Promise<boolean> {
  const head = await calls.head(key);
  if (head?.bytes !== wanted.bytes.length) return false;
  if (head.sha256 !== null) return head.sha256 === wanted.sha256;
  const stored = await calls.get(key);
  return stored !== null && createHash('sha256').update(stored).digest('hex') === wanted.sha256;
}
