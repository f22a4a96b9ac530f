import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from './free-port.ts';

/**
 * An S3 service on loopback, as strict as the real one where it matters to winnow: signatures (version 4) and checksums
 * are checked, listings come in pages, errors are XML. Objects are in memory.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/
 */
export type TestS3 = Awaited<ReturnType<typeof startS3>>;

interface StoredObject {
  bytes: Buffer;
  sha256: string | null;
  /** `x-amz-meta-*` */
  metadata?: Readonly<Record<string, string>>;
}

type S3Request = { readonly method: string; readonly key: string };

/** `status`: that answer; `reset`: the connection breaks; `half`: half of the bytes are stored, or sent; `delayMs`: it comes late. */
export type Fault =
  | { readonly status: number; readonly code: string }
  | 'reset'
  | 'half'
  | { readonly delayMs: number };

const KEY_ID = 'WINNOWTESTKEY';
const SECRET = 'a-secret-of-nobody';
const BUCKET = 'photos';

export async function startS3() {
  const server = createServer();
  const s3 = {
    url: `http://127.0.0.1:${await listenOnLoopback(server)}`,
    bucket: BUCKET,
    objects: new Map<string, StoredObject>(),
    accessKeyId: KEY_ID,
    secretAccessKey: SECRET,
    requests: [] as string[],
    /** Asked first, of each request: what goes wrong with it. */
    fault: (() => null) as (request: S3Request) => Fault | null,
    /** Knows no checksums, as old services. */
    isOld: false,
    /** Keys in a page of a listing at most. */
    pageKeys: 1_000,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(s3, request, response).catch(() => response.destroy());
  });
  return s3;
}

interface Call extends S3Request {
  readonly bucket: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly isHalf: boolean;
}

async function answer(s3: TestS3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request;
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  const { pathname, searchParams: query } = new URL(url, s3.url);
  const [bucket = '', ...rest] = pathname.slice(1).split('/');
  const key = decodeURIComponent(rest.join('/'));
  s3.requests.push(`${method} ${key}`);
  const fault = s3.fault({ method, key });
  if (fault === 'reset') return void response.destroy();
  if (isStatus(fault)) return fail(response, fault);
  if (typeof fault === 'object' && fault !== null) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
  const refusal = refusalOf(request, body);
  if (refusal !== null) return fail(response, refusal);
  return carryOut(s3, { method, bucket, key, query, headers, body, isHalf: fault === 'half' }, response);
}

function isStatus(fault: Fault | null): fault is Extract<Fault, { readonly status: number }> {
  return typeof fault === 'object' && fault !== null && 'status' in fault;
}

function carryOut(s3: TestS3, call: Call, response: ServerResponse): void {
  if (call.bucket !== s3.bucket) return fail(response, { status: 404, code: 'NoSuchBucket' });
  if (call.key === '') return list(s3, call.query, response);
  if (call.method === 'PUT') return put(s3, call, response);
  if (call.method !== 'DELETE') return give(s3, call, response);
  s3.objects.delete(call.key);
  response.writeHead(204).end();
}

function put(s3: TestS3, { key, body, headers, isHalf }: Call, response: ServerResponse): void {
  const sha256 = createHash('sha256').update(body).digest('base64');
  const claimed = headers['x-amz-checksum-sha256'];
  if (!s3.isOld && claimed !== undefined && claimed !== sha256)
    return fail(response, { status: 400, code: 'BadDigest' });
  const bytes = isHalf ? body.subarray(0, body.length >> 1) : body;
  // A service that stores half of it does not know, so it does not say.
  const known = s3.isOld || isHalf || claimed === undefined ? null : sha256;
  s3.objects.set(key, { bytes: Buffer.from(bytes), sha256: known, metadata: metadataOf(headers) });
  response.writeHead(200, { etag: etagOf(bytes), ...checksumOf(known) }).end();
}

function give(s3: TestS3, { key, method, headers, isHalf }: Call, response: ServerResponse): void {
  const object = s3.objects.get(key);
  if (object === undefined) return fail(response, { status: 404, code: 'NoSuchKey' }, method === 'HEAD');
  const checksum = headers['x-amz-checksum-mode'] === 'ENABLED' ? checksumOf(object.sha256) : {};
  const { bytes, metadata } = object;
  response.writeHead(200, { 'content-length': bytes.length, etag: etagOf(bytes), ...checksum, ...metadata });
  if (method === 'HEAD') return void response.end();
  if (!isHalf) return void response.end(object.bytes);
  response.write(object.bytes.subarray(0, object.bytes.length >> 1), () => response.destroy());
}

function list(s3: TestS3, query: URLSearchParams, response: ServerResponse): void {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? '';
  const limit = Math.min(s3.pageKeys, Number(query.get('max-keys') ?? 1_000));
  const keys = [...s3.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted();
  const page = keys.slice(0, limit);
  const more = keys.length > page.length;
  const contents = page.map(
    (key) => `<Contents><Key>${key}</Key><Size>${s3.objects.get(key)?.bytes.length ?? 0}</Size></Contents>`,
  );
  const next = more ? `<NextContinuationToken>${page.at(-1) ?? ''}</NextContinuationToken>` : '';
  const xml = `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}<KeyCount>${page.length}</KeyCount>${contents.join('')}</ListBucketResult>`;
  response.writeHead(200, { 'content-type': 'application/xml' }).end(xml);
}

function fail(response: ServerResponse, { status, code }: { status: number; code: string }, isHead = false): void {
  const xml = `<Error><Code>${code}</Code><Message>${code} by the test</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(isHead ? undefined : xml);
}

function metadataOf(headers: IncomingMessage['headers']): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function checksumOf(sha256: string | null): Record<string, string> {
  return sha256 === null ? {} : { 'x-amz-checksum-sha256': sha256 };
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/;

/** Why the signature does not hold: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
function refusalOf(request: IncomingMessage, body: Buffer): { status: number; code: string } | null {
  const { headers } = request;
  const match = AUTHORIZATION.exec(headers.authorization ?? '');
  if (match === null) return { status: 403, code: 'AccessDenied' };
  const [, id, date = '', region = '', signed = '', signature] = match;
  if (id !== KEY_ID) return { status: 403, code: 'InvalidAccessKeyId' };
  const bodySha256 = String(headers['x-amz-content-sha256']);
  const actual = createHash('sha256').update(body).digest('hex');
  if (bodySha256 !== 'UNSIGNED-PAYLOAD' && bodySha256 !== actual)
    return { status: 400, code: 'XAmzContentSHA256Mismatch' };
  const hashed = createHash('sha256')
    .update(canonicalText(request, signed, bodySha256))
    .digest('hex');
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', String(headers['x-amz-date']), scope, hashed].join('\n');
  let key: Buffer = Buffer.from(`AWS4${SECRET}`);
  for (const part of [date, region, 's3', 'aws4_request', text]) key = createHmac('sha256', key).update(part).digest();
  return key.toString('hex') === signature ? null : { status: 403, code: 'SignatureDoesNotMatch' };
}

function canonicalText({ method, url = '', headers }: IncomingMessage, signed: string, bodySha256: string): string {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const query = [...searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  return [method, pathname, query, lines.join(''), signed, bodySha256].join('\n');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
