import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { LostBytes, type BlobStore, type ListedBlob, type OpenBlob } from '../../kernel/blobs.ts';
import { codeOf, RetryLater } from '../../kernel/errors.ts';
import { isSha256, type Sha256 } from '../../kernel/ids.ts';
import { openBlobFolder, type BlobFolder } from './blob-folder.ts';
import { MODELS, placeText } from './blob-place.ts';
import { removeObject, s3ClientFor, type BucketPlace } from './s3-client.ts';
import { isAbsent, s3Failure, TROUBLE } from './s3-failure.ts';
import { verified, verifiedStream } from './verified.ts';

/** Number of requests for a body that breaks off or is stored in part. The SDK itself only retries before the first byte. */
const BODY_TRIES = 4;
const BODY_PAUSE_MS = 250;
const HALF_WRITTEN = 's3-half-written';

/**
 * Blobs as objects: `<prefix>ab/cd/<sha256>`, the layout of a blob folder, so either can be copied to the other. One
 * request writes an object, so it exists completely or not at all.
 *
 * Works with Amazon's S3 and compatible services (MinIO). Checksums are sent, but only requested where the protocol
 * needs them.
 */
export function openBlobBucket(place: BucketPlace, { tries }: { readonly tries?: number } = {}): BlobStore {
  return new BlobBucket(place, s3ClientFor(place, tries));
}

class BlobBucket implements BlobStore {
  readonly #place: BucketPlace;
  readonly #client: S3Client;
  readonly #copies: BlobFolder;
  #bucketIsThere: Promise<void> | null = null;

  constructor(place: BucketPlace, client: S3Client) {
    this.#place = place;
    this.#client = client;
    this.#copies = openBlobFolder(place.localFolder);
  }

  /** An object that is there already is replaced: its upload costs one request, and a question first would cost two. */
  async put(sha256: Sha256, bytes: Uint8Array): Promise<void> {
    await untilWhole(HALF_WRITTEN, async () => {
      const command = new PutObjectCommand({
        ...this.#object(sha256),
        Body: bytes,
        ContentLength: bytes.length,
        // The service rejects bytes that arrive changed, and stores this checksum.
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
      });
      const checksum = (await this.#explained(this.#client.send(command))).ChecksumSHA256;
      const stored = checksum === undefined ? null : Buffer.from(checksum, 'base64').toString('hex');
      if (stored === sha256) return;
      // A service that does not say which bytes it has stored is asked how many.
      const size = stored === null ? await this.sizeOf(sha256) : null;
      if (size === bytes.length) return;
      const received = stored === null ? `${size ?? 'no'} bytes` : `bytes of the SHA-256 ${stored}`;
      throw new RetryLater(
        `Expected ${bytes.length} bytes to be stored at ${this.placeOf(sha256)} but there are ${received}`,
        { code: HALF_WRITTEN },
      );
    });
  }

  async read(sha256: Sha256): Promise<Buffer> {
    const bytes = await untilWhole(TROUBLE, async () => {
      const { Body, ContentLength } = await this.#get(sha256);
      const body = await this.#explained(Body.transformToByteArray());
      if (body.length === ContentLength) return body;
      const message = `Expected ${ContentLength} bytes at ${this.placeOf(sha256)} but received ${body.length}`;
      throw new RetryLater(message, { code: TROUBLE });
    });
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return verified(buffer, { sha256, place: this.placeOf(sha256) });
  }

  /** If the body breaks off, the stream fails. */
  async open(sha256: Sha256): Promise<OpenBlob> {
    const { Body, ContentLength } = await this.#get(sha256);
    return { bytes: ContentLength, stream: verifiedStream(Body, { sha256, place: this.placeOf(sha256) }) };
  }

  async sizeOf(sha256: Sha256): Promise<number | null> {
    const head = await this.#answer(this.#client.send(new HeadObjectCommand(this.#object(sha256))));
    if (head !== null) return head.ContentLength ?? 0;
    // The answer to HEAD has no body, so a missing bucket looks like a missing object, and all photos would seem
    // lost. Check the bucket until it was found once.
    this.#bucketIsThere ??= this.check().catch((error: unknown) => {
      this.#bucketIsThere = null;
      throw error;
    });
    await this.#bucketIsThere;
    return null;
  }

  async remove(sha256: Sha256): Promise<void> {
    await this.#answer(removeObject(this.#client, this.#object(sha256)));
    await this.#copies.remove(sha256);
  }

  placeOf(sha256: Sha256): string {
    return `s3://${this.#place.bucket}/${this.#keyOf(sha256)}`;
  }

  async localFile(sha256: Sha256): Promise<string> {
    await this.#copies.put(sha256, await this.read(sha256));
    return this.#copies.pathOf(sha256);
  }

  async *list(shard?: string): AsyncGenerator<ListedBlob> {
    const { bucket, prefix } = this.#place;
    const isNoModel = ({ Key = '' }): boolean => !Key.startsWith(`${prefix}${MODELS}/`);
    const below = { Bucket: bucket, Prefix: `${prefix}${shard === undefined ? '' : `${shard}/`}` };
    try {
      for await (const { Contents = [] } of paginateListObjectsV2({ client: this.#client }, below))
        for (const { Key = '', Size = 0 } of Contents.filter(isNoModel)) {
          const name = Key.slice(Key.lastIndexOf('/') + 1);
          const sha256 = isSha256(name) && Key === this.#keyOf(name) ? name : null;
          yield { place: `s3://${bucket}/${Key}`, sha256, bytes: Size, problem: null };
        }
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** S3 has no unfinished objects. */
  removeUnfinished(): Promise<void> {
    return Promise.resolve();
  }

  async check(): Promise<void> {
    const { bucket, prefix } = this.#place;
    await this.#explained(this.#client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 })));
  }

  close(): Promise<void> {
    return Promise.resolve(this.#client.destroy());
  }

  async #get(sha256: Sha256) {
    const answer = await this.#answer(this.#client.send(new GetObjectCommand(this.#object(sha256))));
    if (answer === null) throw new LostBytes('missing', `There are no bytes at ${this.placeOf(sha256)}`);
    const { Body, ContentLength = 0 } = answer;
    if (!(Body instanceof Readable)) throw new TypeError(`Expected a stream of ${this.placeOf(sha256)}`);
    return { Body, ContentLength };
  }

  #object(sha256: Sha256) {
    return { Bucket: this.#place.bucket, Key: this.#keyOf(sha256) };
  }

  #keyOf(sha256: Sha256): string {
    return `${this.#place.prefix}${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
  }

  async #answer<T>(call: Promise<T>): Promise<T | null> {
    return this.#explained(call.catch((error: unknown) => (isAbsent(error) ? null : Promise.reject(error))));
  }

  /** The answer to a call. A permanent failure is thrown as the error that it means for the run. */
  #explained<T>(call: Promise<T>): Promise<T> {
    return call.catch((error: unknown) => Promise.reject(this.#failure(error)));
  }

  #failure(error: unknown): Error {
    return s3Failure(error, placeText(this.#place));
  }
}

/** Does the work again if it fails with this code: a body was not whole. */
async function untilWhole<T>(code: string, work: () => Promise<T>): Promise<T> {
  for (let left = BODY_TRIES - 1; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || codeOf(error) !== code) throw error;
    }
    await sleep(BODY_PAUSE_MS);
  }
}
