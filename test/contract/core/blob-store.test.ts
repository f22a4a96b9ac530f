import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BlobStore } from '../../../src/core/kernel/blobs.ts';
import type { Sha256 } from '../../../src/core/kernel/ids.ts';
import { blobPlaceOf, type BlobPlace } from '../../../src/core/platform/blobs/blob-place.ts';
import { openBlobs } from '../../../src/core/platform/blobs/open-blobs.ts';
import { startS3, type TestS3 } from '../../support/s3-server.ts';
import { sha256Of } from '../../support/sha256.ts';

interface Backend {
  readonly name: string;
  start(): Promise<void>;
  place(): BlobPlace;
  /** Writes other bytes under a blob's name. */
  spoil(blobs: BlobStore, sha256: Sha256, bytes: Buffer): Promise<void>;
  stop(): Promise<void>;
}

let dataDir = '';
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'winnow-blobs-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const NOWHERE = { url: null, endpoint: null, region: null, pathStyle: null };

function folder(): Backend {
  return {
    name: 'a folder',
    start: () => Promise.resolve(),
    place: () => blobPlaceOf(NOWHERE, dataDir),
    spoil: async (blobs, sha256, bytes) => writeFile(blobs.placeOf(sha256), bytes),
    stop: () => Promise.resolve(),
  };
}

function localS3(isOld: boolean): Backend {
  let s3: TestS3;
  return {
    name: isOld ? 'a local S3 server without checksums' : 'a local S3 server',
    async start() {
      s3 = await startS3();
      s3.isOld = isOld;
      s3.pageKeys = 50;
      vi.stubEnv('AWS_ACCESS_KEY_ID', s3.accessKeyId);
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3.secretAccessKey);
    },
    place: () =>
      blobPlaceOf({ ...NOWHERE, url: `s3://${s3.bucket}/lab/one`, endpoint: s3.url }, path.join(dataDir, 's3')),
    async spoil(blobs, sha256, bytes) {
      const key = blobs.placeOf(sha256).slice(`s3://${s3.bucket}/`.length);
      s3.objects.set(key, { bytes, sha256: null });
    },
    async stop() {
      vi.unstubAllEnvs();
      await s3.close();
    },
  };
}

/** A MinIO, moto or other service: WINNOW_TEST_S3_URL=s3://bucket/prefix, with AWS_ENDPOINT_URL_S3 and keys as for winnow. */
function givenS3(): Backend {
  const url = process.env['WINNOW_TEST_S3_URL'];
  const endpoint = process.env['AWS_ENDPOINT_URL_S3'] ?? null;
  const prefix = `winnow-test-${randomUUID()}`;
  const settings = { ...NOWHERE, url: `${url?.replace(/\/$/, '')}/${prefix}`, endpoint };
  return {
    name: 'the S3 service of WINNOW_TEST_S3_URL',
    start: () => Promise.resolve(),
    place: () => blobPlaceOf(settings, dataDir),
    async spoil(blobs, sha256, bytes) {
      const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
      const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(blobs.placeOf(sha256)) ?? [];
      const client = new S3Client({
        region: 'us-east-1',
        forcePathStyle: true,
        ...(endpoint === null ? {} : { endpoint }),
      });
      await client.send(new PutObjectCommand({ Bucket, Key, Body: bytes }));
      client.destroy();
    },
    async stop() {
      const blobs = await openBlobs(blobPlaceOf(settings, dataDir));
      for await (const { sha256 } of blobs.list()) if (sha256 !== null) await blobs.remove(sha256);
      await blobs.close();
    },
  };
}

function changed(bytes: Buffer): Buffer {
  return Buffer.of((bytes.at(-1) ?? 0) ^ 1);
}

async function listed(blobs: BlobStore, shard?: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { place, sha256, bytes } of blobs.list(shard)) found.set(sha256 ?? place, bytes);
  return found;
}

const isGiven = process.env['WINNOW_TEST_S3_URL'] !== undefined;

const backends = [folder(), localS3(false), localS3(true), ...(isGiven ? [givenS3()] : [])];
describe.each(backends)('blobs in $name', (backend) => {
  let blobs: BlobStore;
  beforeAll(async () => {
    await backend.start();
    blobs = await openBlobs(backend.place());
  });
  afterAll(async () => {
    await blobs.close();
    await backend.stop();
  });

  async function put(bytes: Buffer): Promise<Sha256> {
    await blobs.put(sha256Of(bytes), bytes);
    return sha256Of(bytes);
  }

  it('are checked, however empty it is', async () => {
    await blobs.check();
    expect(await listed(blobs)).toEqual(new Map());
    await blobs.removeUnfinished();
  });

  it.each([
    ['no byte', 0],
    ['one', 1],
    ['five million', 5_000_000],
  ])('of %s are read as they were put', async (_, size) => {
    const bytes = randomBytes(size);
    const sha256 = await put(bytes);
    expect((await blobs.read(sha256)).equals(bytes)).toBe(true);
    expect(await blobs.sizeOf(sha256)).toBe(size);
    const { bytes: streamed, stream } = await blobs.open(sha256);
    expect([streamed, (await buffer(stream)).equals(bytes)]).toEqual([size, true]);
  });

  it('that were never put are missing', async () => {
    const sha256 = sha256Of(Buffer.from('nothing'));
    expect(await blobs.sizeOf(sha256)).toBeNull();
    await expect(blobs.read(sha256)).rejects.toMatchObject({ name: 'LostBytes', kind: 'missing', code: 'ENOENT' });
    await expect(blobs.open(sha256)).rejects.toMatchObject({ name: 'LostBytes', kind: 'missing' });
    await expect(blobs.localFile(sha256)).rejects.toMatchObject({ name: 'LostBytes', kind: 'missing' });
    await blobs.remove(sha256);
  });

  it('may be put again, and at once', async () => {
    const bytes = randomBytes(10_000);
    await Promise.all(Array.from({ length: 8 }, () => put(bytes)));
    await put(bytes);
    expect((await blobs.read(sha256Of(bytes))).equals(bytes)).toBe(true);
    expect((await listed(blobs)).get(sha256Of(bytes))).toBe(10_000);
  });

  it.each([
    ['shorter', 'wr'],
    ['longer', 'wren and more'],
    ['others', 'owls'],
  ])('are mended where there are %s bytes under their name', async (_, other) => {
    const bytes = Buffer.from('wren');
    await put(bytes);
    await backend.spoil(blobs, sha256Of(bytes), Buffer.from(other));
    await put(bytes);
    expect((await blobs.read(sha256Of(bytes))).toString()).toBe('wren');
  });

  it.each([
    ['another photo of the same size', (bytes: Buffer) => Buffer.from(bytes).fill(7)],
    [
      'a photo with one bit changed at its end',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), changed(bytes)]),
    ],
    ['the first half', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['no bytes at all', () => Buffer.alloc(0)],
  ])('that are wrong are never given out, read or streamed: %s', async (_, wrongOf) => {
    const bytes = randomBytes(300_000);
    const sha256 = await put(bytes);
    const wrong = wrongOf(bytes);
    await backend.spoil(blobs, sha256, wrong);
    const failure = {
      name: 'LostBytes',
      kind: 'wrong',
      message: `Expected the bytes of SHA-256 ${sha256} at ${blobs.placeOf(sha256)} but they hash to ${sha256Of(wrong)}`,
    };
    await expect(blobs.read(sha256)).rejects.toMatchObject(failure);
    await expect(blobs.localFile(sha256)).rejects.toMatchObject(failure);
    const { bytes: told, stream } = await blobs.open(sha256);
    let streamed = 0;
    const reading = (async () => {
      for await (const chunk of stream) streamed += (chunk as Buffer).length;
    })();
    await expect(reading).rejects.toMatchObject(failure);
    expect([told, streamed < wrong.length || wrong.length === 0]).toEqual([wrong.length, true]);
  });

  it('can be streamed and left at any moment', async () => {
    const sha256 = await put(randomBytes(3_000_000));
    // More than there are connections or descriptors to spare, if each of them kept one.
    for (let i = 0; i < 120; i += 1) {
      const { stream } = await blobs.open(sha256);
      if (i % 2 === 1) await once(stream, 'readable');
      stream.destroy();
    }
    expect((await buffer((await blobs.open(sha256)).stream)).length).toBe(3_000_000);
  });

  it('are gone once they are removed', async () => {
    const sha256 = await put(randomBytes(100));
    await blobs.remove(sha256);
    expect(await blobs.sizeOf(sha256)).toBeNull();
    expect((await listed(blobs)).has(sha256)).toBe(false);
    await blobs.remove(sha256);
  });

  it('are files for programs that take nothing else', async () => {
    const bytes = randomBytes(2_000);
    const sha256 = await put(bytes);
    expect((await readFile(await blobs.localFile(sha256))).equals(bytes)).toBe(true);
    const file = await blobs.localFile(sha256);
    await blobs.remove(sha256);
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('are listed with their sizes, all of them, however many pages that takes', async () => {
    const before = await listed(blobs);
    const sizes = new Map<string, number>();
    const texts = Array.from({ length: 130 }, (_, i) => Buffer.from(`blob ${i}`));
    for (let i = 0; i < texts.length; i += 65) {
      await Promise.all(texts.slice(i, i + 65).map(async (bytes) => sizes.set(await put(bytes), bytes.length)));
    }
    expect(await listed(blobs)).toEqual(new Map([...before, ...sizes]));
    const shard = [...sizes.keys()][0]?.slice(0, 2) ?? '';
    const inShard = [...before, ...sizes].filter(([sha256]) => sha256.startsWith(shard));
    expect(await listed(blobs, shard)).toEqual(new Map(inShard));
  });
});

it('blobs are tried on the S3 service of WINNOW_TEST_S3_URL', (context) => {
  context.skip(!isGiven, 'WINNOW_TEST_S3_URL is not set');
  expect(backends).toHaveLength(4);
});
