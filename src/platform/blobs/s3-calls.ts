import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { RetryLater } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { isAbsent, isTaken, isUnknownCondition, s3Failure } from './s3-failure.ts';

export interface ObjectBytes {
  readonly bytes: Uint8Array;
  readonly sha256: Sha256;
}

/** Number of requests for a body that breaks off. The SDK itself only retries before the first byte. */
const BODY_TRIES = 4;
const BODY_PAUSE_MS = 250;

/**
 * The S3 calls that blobs need, on one bucket. A permanent failure is thrown as the error that it means for the run.
 */
export class S3Calls {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #shown: string;
  /** True until the service rejects conditional writes. */
  #knowsConditions = true;
  #bucketIsThere: Promise<void> | null = null;

  constructor(client: S3Client, { bucket, shown }: { readonly bucket: string; readonly shown: string }) {
    this.#client = client;
    this.#bucket = bucket;
    this.#shown = shown;
  }

  /** Writes an object if there is none. Returns false if there is one. */
  async putNew(key: string, object: ObjectBytes): Promise<boolean> {
    if (!this.#knowsConditions) return this.#putUnlessThere(key, object);
    try {
      await this.#put(key, object, { IfNoneMatch: '*' });
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      if (!isUnknownCondition(error)) throw this.#failure(error);
      this.#knowsConditions = false;
      return this.#putUnlessThere(key, object);
    }
  }

  /** Writes an object, and replaces an existing one. */
  async replace(key: string, object: ObjectBytes): Promise<void> {
    try {
      await this.#put(key, object, {});
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** The object's bytes, or null if there is none. */
  async get(key: string): Promise<Buffer | null> {
    for (let left = BODY_TRIES - 1; ; left -= 1) {
      try {
        const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
        const body = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
        if (body.length === answer.ContentLength) return Buffer.from(body.buffer, body.byteOffset, body.length);
        throw new Error(`Expected ${answer.ContentLength} bytes of ${key} but received ${body.length}`);
      } catch (error) {
        if (isAbsent(error)) return null;
        const failure = this.#failure(error);
        if (left === 0 || !(failure instanceof RetryLater)) throw failure;
      }
      await new Promise((resolve) => setTimeout(resolve, BODY_PAUSE_MS));
    }
  }

  /**
   * The object's bytes as a stream, and their number; null if there is none. If the body breaks off, the stream fails.
   */
  async open(key: string): Promise<{ readonly bytes: number; readonly stream: Readable } | null> {
    try {
      const { Body, ContentLength } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      if (!(Body instanceof Readable)) throw new TypeError(`Expected a stream of ${key}`);
      return { bytes: ContentLength ?? 0, stream: Body };
    } catch (error) {
      if (isAbsent(error)) return null;
      throw this.#failure(error);
    }
  }

  /** Size of an object and, if the service keeps it, its SHA-256; null if there is none. */
  async head(key: string): Promise<{ readonly bytes: number; readonly sha256: string | null } | null> {
    try {
      const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key, ChecksumMode: 'ENABLED' });
      const { ContentLength, ChecksumSHA256 } = await this.#client.send(command);
      return { bytes: ContentLength ?? 0, sha256: hexOf(ChecksumSHA256) };
    } catch (error) {
      if (!isAbsent(error)) throw this.#failure(error);
      // The answer to HEAD has no body, so a missing bucket looks like a missing object, and all photos would seem
      // lost. Check the bucket once.
      await (this.#bucketIsThere ??= this.check(key));
      return null;
    }
  }

  /** Removes an object with all its versions, because nobody may read deleted bytes from an older version. */
  async remove(key: string): Promise<void> {
    try {
      const { VersionId } = await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
      if (VersionId !== undefined) await this.#removeVersions(key);
    } catch (error) {
      if (!isAbsent(error)) throw this.#failure(error);
    }
  }

  /** Objects whose keys begin with the prefix, a page of a thousand at a time. */
  async *list(prefix: string): AsyncGenerator<{ readonly key: string; readonly bytes: number }> {
    let token: string | undefined;
    do {
      const page = await this.#page(prefix, token);
      for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, bytes: Size ?? 0 };
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** Rejects if the bucket cannot be used. */
  async check(prefix: string): Promise<void> {
    await this.#page(prefix, undefined, 1);
  }

  destroy(): void {
    this.#client.destroy();
  }

  async #page(prefix: string, token: string | undefined, limit?: number) {
    const command = new ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: prefix,
      ContinuationToken: token,
      MaxKeys: limit,
    });
    try {
      return await this.#client.send(command);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #putUnlessThere(key: string, object: ObjectBytes): Promise<boolean> {
    if ((await this.head(key)) !== null) return false;
    await this.replace(key, object);
    return true;
  }

  async #put(key: string, { bytes, sha256 }: ObjectBytes, condition: { readonly IfNoneMatch?: string }): Promise<void> {
    const answer = await this.#client.send(
      new PutObjectCommand({
        Bucket: this.#bucket,
        Key: key,
        Body: bytes,
        ContentLength: bytes.length,
        // The service rejects bytes that arrive changed, and stores this checksum.
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        ...condition,
      }),
    );
    await this.#verify(key, { bytes, sha256 }, answer);
  }

  /** If the service says which bytes it has stored, that is trusted. Otherwise the object is checked. */
  async #verify(key: string, { bytes, sha256 }: ObjectBytes, answer: PutObjectCommandOutput): Promise<void> {
    const stored = hexOf(answer.ChecksumSHA256);
    if (stored === sha256) return;
    const head = stored === null ? await this.head(key) : null;
    if (head?.bytes === bytes.length) return;
    const received = stored === null ? `${head?.bytes ?? 'no'} bytes` : `bytes of the SHA-256 ${stored}`;
    throw new RetryLater(
      `Expected ${bytes.length} bytes to be stored as ${key} in ${this.#shown} but there are ${received}`,
      {
        code: 's3-half-written',
      },
    );
  }

  async #removeVersions(key: string): Promise<void> {
    const command = new ListObjectVersionsCommand({ Bucket: this.#bucket, Prefix: key });
    const { Versions = [], DeleteMarkers = [] } = await this.#client.send(command);
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers]) {
      if (Key !== key || VersionId === undefined) continue;
      await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key, VersionId }));
    }
  }

  #failure(error: unknown): Error {
    return error instanceof RetryLater ? error : s3Failure(error, this.#shown);
  }
}

/** Converts a checksum from base64, as S3 has it, to hex digits. */
function hexOf(checksum: string | undefined): string | null {
  return checksum === undefined ? null : Buffer.from(checksum, 'base64').toString('hex');
}
