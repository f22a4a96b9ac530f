import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { codeOf, Interrupted } from '../../core/kernel/errors.ts';
import type { Destination, LocalFile, RemoteFile, Visibility } from '../../core/kernel/publish.ts';
import { placeText } from '../../core/platform/blobs/blob-place.ts';
import { removeObject, s3ClientFor, type BucketPlace } from '../../core/platform/blobs/s3-client.ts';
import { isAbsent, s3Failure, TROUBLE } from '../../core/platform/blobs/s3-failure.ts';

const REQUESTS = 8;
/** Larger files are streamed. The SDK cannot send a stream again, so this class does. */
const MAX_BUFFERED_BYTES = 16e6;
const STREAM_TRIES = 4;
const STREAM_PAUSE_MS = 1_000;
/** Objects are there one by one, so a batch only bounds how long an interruption waits. */
const BATCH = { files: 100, bytes: 1e9 };

export function openBucket(place: BucketPlace, { signal }: { readonly signal: AbortSignal }): Destination {
  return new Bucket(place, signal);
}

/** A prefix of a bucket. Each object has its SHA-256 as metadata (`x-amz-meta-sha256`). */
class Bucket implements Destination {
  readonly url: string;
  readonly batch = BATCH;
  /** Deleted objects are removed with all their versions. */
  readonly forgetHistory = null;
  readonly #place: BucketPlace;
  readonly #client: S3Client;
  readonly #signal: AbortSignal;
  readonly #limit = pLimit(REQUESTS);

  constructor(place: BucketPlace, signal: AbortSignal) {
    this.url = `s3://${place.bucket}/${place.prefix}`;
    this.#place = place;
    this.#client = s3ClientFor(place);
    this.#signal = signal;
  }

  async look(): Promise<Visibility> {
    const { bucket, prefix } = this.#place;
    await this.#explained(this.#client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 })));
    return null;
  }

  prepare(): Promise<Visibility> {
    return Promise.resolve(null);
  }

  async *list(local: ReadonlyMap<string, LocalFile>): AsyncGenerator<RemoteFile> {
    const { bucket, prefix } = this.#place;
    try {
      for await (const page of paginateListObjectsV2({ client: this.#client }, { Bucket: bucket, Prefix: prefix })) {
        const objects = (page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({
          path: Key.slice(prefix.length),
          bytes: Size,
        }));
        yield* await this.#each(objects, (object) => this.#remoteOf(object, local.get(object.path)));
      }
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #remoteOf(object: Pick<RemoteFile, 'path' | 'bytes'>, local: LocalFile | undefined): Promise<RemoteFile> {
    if (local === undefined) return { ...object, isSame: false, isForeign: false };
    const { Metadata = {} } = await this.#client.send(new HeadObjectCommand(this.#object(object.path)));
    const sha256 = Metadata['sha256'];
    return {
      ...object,
      isSame: sha256 === local.sha256 && object.bytes === local.bytes,
      isForeign: sha256 === undefined,
    };
  }

  async read(path: string): Promise<string | null> {
    const read = async (): Promise<string | null> =>
      (await (await this.#client.send(new GetObjectCommand(this.#object(path)))).Body?.transformToString()) ?? null;
    return this.#explained(read().catch((error: unknown) => (isAbsent(error) ? null : Promise.reject(error))));
  }

  async upload(files: readonly LocalFile[], onFile: (file: LocalFile) => void): Promise<void> {
    await this.#each(files, async (file) => {
      await this.#put(file);
      onFile(file);
    });
  }

  async remove(paths: readonly string[]): Promise<void> {
    await this.#each(paths, (path) => this.#explained(removeObject(this.#client, this.#object(path))));
  }

  async finish(files: readonly LocalFile[]): Promise<void> {
    for (const file of files) await this.#put(file);
  }

  /** Calls that were not started when one fails are not made. */
  #each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
    let hasFailed = false;
    const call = async (item: T): Promise<R> => {
      if (hasFailed || this.#signal.aborted) throw new Interrupted();
      try {
        return await work(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    };
    return Promise.all(items.map((item) => this.#limit(() => call(item))));
  }

  async #put(file: LocalFile): Promise<void> {
    for (let left = STREAM_TRIES - 1; ; left -= 1) {
      try {
        return await this.#explained(this.#putOnce(file));
      } catch (error) {
        if (left === 0 || file.bytes <= MAX_BUFFERED_BYTES || codeOf(error) !== TROUBLE) throw error;
      }
      await sleep(STREAM_PAUSE_MS, undefined, { signal: this.#signal });
    }
  }

  async #putOnce({ path, place, sha256, bytes }: LocalFile): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#object(path),
      Body: bytes <= MAX_BUFFERED_BYTES ? await readFile(place) : createReadStream(place),
      ContentLength: bytes,
      // The service rejects bytes that are not those of SHA256SUMS.
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
      Metadata: { sha256 },
    });
    await this.#client.send(command, { abortSignal: this.#signal });
  }

  #object(path: string) {
    return { Bucket: this.#place.bucket, Key: `${this.#place.prefix}${path}` };
  }

  #explained<T>(call: Promise<T>): Promise<T> {
    return call.catch((error: unknown) => Promise.reject(this.#failure(error)));
  }

  #failure(error: unknown): unknown {
    if (this.#signal.aborted || error instanceof Interrupted) return new Interrupted();
    return s3Failure(error, placeText(this.#place));
  }
}
