import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ReadAhead } from '../../../../../src/core/filter/engine/read-ahead.ts';
import type { BlobStore } from '../../../../../src/core/kernel/blobs.ts';
import { toSha256, type Sha256 } from '../../../../../src/core/kernel/ids.ts';
import { openBlobBucket } from '../../../../../src/core/platform/blobs/blob-bucket.ts';
import { blobPlaceOf } from '../../../../../src/core/platform/blobs/blob-place.ts';
import { startS3, type Fault, type TestS3 } from '../../../../support/s3-server.ts';
import { sha256Of } from '../../../../support/sha256.ts';

/** Failures of an S3 service. test/contract/core/blob-store.test.ts covers normal operation. */
let s3: TestS3;
beforeEach(async () => {
  s3 = await startS3();
  vi.stubEnv('AWS_ACCESS_KEY_ID', s3.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3.secretAccessKey);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await s3.close();
});

function open(changes: { url?: string; endpoint?: string; tries?: number } = {}): BlobStore {
  const { url = `s3://${s3.bucket}/lab`, endpoint = s3.url, tries } = changes;
  const place = blobPlaceOf({ url, endpoint, region: null, pathStyle: null }, '/nowhere');
  if (place.kind !== 's3') throw new Error('Expected a bucket');
  const blobs = openBlobBucket(place, tries === undefined ? {} : { tries });
  onTestFinished(() => blobs.close());
  return blobs;
}

const bytes = randomBytes(100_000);
const sha256: Sha256 = sha256Of(bytes);

function firstFail(method: string, count: number, fault: Fault): void {
  let left = count;
  s3.fault = (request) => (request.method === method && left-- > 0 ? fault : null);
}

const unavailable = { status: 503, code: 'SlowDown' } as const;

describe('trouble that passes', () => {
  it.each<[string, { readonly method: string; readonly count: number; readonly fault: Fault }]>([
    ['a write that is answered 500', { method: 'PUT', count: 2, fault: { status: 500, code: 'InternalError' } }],
    ['a write that is answered 503', { method: 'PUT', count: 2, fault: unavailable }],
    ['a write whose connection breaks', { method: 'PUT', count: 2, fault: 'reset' }],
    ['a slow write', { method: 'PUT', count: 1, fault: { delayMs: 700 } }],
    ['a write of which half is stored', { method: 'PUT', count: 1, fault: 'half' }],
    ['a read that is answered 500', { method: 'GET', count: 2, fault: { status: 500, code: 'InternalError' } }],
    ['a read whose connection breaks', { method: 'GET', count: 2, fault: 'reset' }],
    ['a read that breaks off in the middle', { method: 'GET', count: 2, fault: 'half' }],
  ])('%s: nobody hears of it, and the bytes are whole', async (_, { method, count, fault }) => {
    const blobs = open();
    firstFail(method, count, fault);
    await blobs.put(sha256, bytes);
    expect((await blobs.read(sha256)).equals(bytes)).toBe(true);
    expect([...s3.objects.values()].map((object) => object.bytes.length)).toEqual([bytes.length]);
  });
});

describe('trouble that stays', () => {
  it('is to be tried again later, and says where and what', async () => {
    const blobs = open({ tries: 2 });
    s3.fault = () => unavailable;
    const failure = {
      name: 'RetryLater',
      code: 's3-trouble',
      message: `Expected s3://photos/lab/ at ${s3.url} within reach but received 'SlowDown: SlowDown by the test'`,
    };
    await expect(blobs.put(sha256, bytes)).rejects.toMatchObject(failure);
    await expect(blobs.read(sha256)).rejects.toMatchObject(failure);
    await expect(blobs.remove(sha256)).rejects.toMatchObject(failure);
    await expect(blobs.list().next()).rejects.toMatchObject(failure);
    await expect(blobs.sizeOf(sha256)).rejects.toMatchObject({ code: 's3-trouble' });
  });

  it('is forgotten once the service is back: a missing photo is then found missing', async () => {
    const blobs = open({ tries: 1 });
    s3.fault = ({ method }) => (method === 'GET' ? unavailable : null);
    await expect(blobs.sizeOf(sha256)).rejects.toMatchObject({ code: 's3-trouble' });
    s3.fault = () => null;
    expect(await blobs.sizeOf(sha256)).toBeNull();
  });

  it('of a write that is never stored whole leaves no doubt', async () => {
    s3.fault = ({ method }) => (method === 'PUT' ? 'half' : null);
    await expect(open().put(sha256, bytes)).rejects.toMatchObject({ name: 'RetryLater', code: 's3-half-written' });
  });

  it('is told where nobody listens', async () => {
    const blobs = open({ endpoint: 'http://127.0.0.1:1', tries: 2 });
    await expect(blobs.check()).rejects.toMatchObject({
      name: 'RetryLater',
      message: expect.stringMatching(
        /^Expected s3:\/\/photos\/lab\/ at http:\/\/127\.0\.0\.1:1 within reach but received '.*ECONNREFUSED/,
      ),
    });
  });
});

describe('what no second try can change stops the run', () => {
  it('a bucket that is not there; its photos are not taken for lost', async () => {
    const blobs = open({ url: 's3://another' });
    const failure = {
      name: 'StopTheRun',
      code: 's3-no-bucket',
      message: expect.stringMatching(/^Expected the bucket of s3:\/\/another\/ at .* make it, or name another one$/),
    };
    await expect(blobs.check()).rejects.toMatchObject(failure);
    await expect(blobs.sizeOf(sha256)).rejects.toMatchObject(failure);
    await expect(blobs.read(sha256)).rejects.toMatchObject(failure);
    await expect(blobs.put(sha256, bytes)).rejects.toMatchObject(failure);
  });

  it.each([
    ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'wrong' }, 'SignatureDoesNotMatch'],
    ['a wrong key', { AWS_ACCESS_KEY_ID: 'NOBODY' }, 'InvalidAccessKeyId'],
    ['no key', { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', HOME: '/nowhere' }, 'CredentialsProviderError'],
  ])('%s, which is not told', async (_, variables, said) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const failure: unknown = await open()
      .check()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'StopTheRun', code: 's3-denied', message: expect.stringContaining(said) });
    expect(failure).toMatchObject({
      message: expect.stringMatching(/check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/),
    });
    expect(String(failure)).not.toContain(s3.secretAccessKey);
  });

  it.each([
    ['s3-region', { status: 301, code: 'PermanentRedirect' }, /set blobs\.region \(or AWS_REGION\)$/],
    ['disk-full', { status: 507, code: 'XMinioStorageFull' }, /make room and run the command again/],
    ['s3-refused', { status: 405, code: 'MethodNotAllowed' }, /MethodNotAllowed.*\(HTTP 405\)$/],
  ])('%s', async (code, fault, message) => {
    s3.fault = ({ method }) => (method === 'PUT' ? fault : null);
    await expect(open().put(sha256, bytes)).rejects.toMatchObject({
      name: 'StopTheRun',
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe('a new blob', () => {
  it('costs one request where the service says what it has stored', async () => {
    const blobs = open();
    await blobs.put(sha256, bytes);
    expect(s3.requests.map((request) => request.split(' ')[0])).toEqual(['PUT']);
  });
});

describe('a batch of photos', () => {
  it('is read ahead, each photo once', async () => {
    const blobs = open();
    const photos = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const one = Buffer.from(`photo ${i}`);
        const hash = sha256Of(one);
        await blobs.put(hash, one);
        return { hash, one };
      }),
    );
    s3.requests.length = 0;
    let running = 0;
    let most = 0;
    const reader = new ReadAhead({
      async read(hash) {
        running += 1;
        most = Math.max(most, running);
        return blobs.read(hash).finally(() => (running -= 1));
      },
    });
    for (const { hash } of photos) reader.readAhead(hash);
    for (const { hash, one } of photos) expect((await reader.take(hash)).equals(one)).toBe(true);
    expect([most, s3.requests.length]).toEqual([12, 12]);
  });

  it('of which one is missing gives the others', async () => {
    const blobs = open();
    await blobs.put(sha256, bytes);
    const missing = toSha256('0'.repeat(64));
    const reader = new ReadAhead(blobs);
    for (const hash of [missing, sha256]) reader.readAhead(hash);
    expect((await reader.take(sha256)).length).toBe(bytes.length);
    await expect(reader.take(missing)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
