import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { listenOnLoopback } from './free-port.ts';
import { sha256Of as sha256 } from './sha256.ts';
import { jsonLines } from './winnow.ts';

/**
 * A Hugging Face Hub on loopback, as strict as the real one where it matters to winnow: tokens and owners, LFS objects under
 * the SHA-256 that was announced, commits that name only objects that are there, listings in pages.
 * https://huggingface.co/docs/hub/api
 */
export type TestHub = Awaited<ReturnType<typeof startHub>>;

export interface HubDataset {
  isPrivate: boolean;
  files: Map<string, { readonly bytes: Buffer; readonly isLfs: boolean }>;
  /** Titles, oldest first. */
  commits: string[];
}

type HubRequest = { readonly method: string; readonly path: string };

/** `status`: that answer; `reset`: the connection breaks before the work, `cut`: after it; `half`: within the answer; `none`: a login page answers. */
type HubFault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | 'reset'
  | 'cut'
  | 'half'
  | 'none';

const TOKEN = 'hf_aTokenOfNobody0123456789';
const OWNER = 'my-lab';
const PAGE = 100;
/** A regular file that is larger has to go through LFS. */
const MAX_REGULAR_BYTES = 10e6;

interface Call extends HubRequest {
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
}

export async function startHub() {
  // LFS objects go to a service of its own, as those of the real Hub.
  const [server, storage] = [createServer(), createServer()];
  const servers = [server, storage];
  const hub = {
    url: `http://127.0.0.1:${await listenOnLoopback(server)}`,
    storageUrl: `http://127.0.0.1:${await listenOnLoopback(storage)}`,
    token: TOKEN,
    owner: OWNER,
    datasets: new Map<string, HubDataset>(),
    objects: new Map<string, Buffer>(),
    requests: [] as string[],
    /** SHA-256 of each LFS object that was received whole, in order. */
    received: [] as string[],
    /** Asked first, of each request: what goes wrong with it. */
    fault: (() => null) as (request: HubRequest) => HubFault | null,
    /** Called after each request was read, with their number so far. */
    onRequest: (() => undefined) as (count: number) => void,
    async close() {
      for (const one of servers) {
        one.closeAllConnections();
        one.close();
        await once(one, 'close');
      }
    },
  };
  for (const one of servers)
    one.on('request', (request: IncomingMessage, response: ServerResponse) => {
      respond(hub, request, response).catch(() => response.destroy());
    });
  return hub;
}

async function respond(hub: TestHub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', headers } = request;
  const url = new URL(request.url ?? '', hub.url);
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const path = decodeURIComponent(url.pathname);
  hub.requests.push(`${method} ${path}`);
  hub.onRequest(hub.requests.length);
  const fault = hub.fault({ method, path });
  if (fault === 'reset') return void response.destroy();
  if (fault === 'none') return send(response, { body: Buffer.from('<html>Log in') }, false);
  const call = { method, path, url, headers, body: Buffer.concat(parts) };
  const isRefused = fault !== null && typeof fault === 'object';
  const answer = isRefused ? { ...fault, body: { error: 'a fault by the test' } } : answerTo(hub, call);
  if (fault === 'cut') return void response.destroy();
  send(response, answer, fault === 'half');
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: Answer, isHalf: boolean): void {
  const isRaw = Buffer.isBuffer(body);
  const bytes = isRaw ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body));
  const type = isRaw ? 'application/octet-stream' : 'application/json; charset=utf-8';
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...headers });
  if (!isHalf) return void response.end(bytes);
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
}

const refusal = (status: number, error: string): Answer => ({ status, body: { error } });

function answerTo(hub: TestHub, call: Call): Answer {
  const stored = /^\/lfs-storage\/([0-9a-f]{64})$/.exec(call.path)?.[1];
  if (stored !== undefined) return store(hub, call, stored);
  if (call.headers.authorization !== `Bearer ${TOKEN}`)
    // The real Hub does not repeat the token. A proxy before it may.
    return refusal(401, `Invalid username or password. (${call.headers.authorization ?? 'no token'})`);
  if (call.path === '/api/repos/create') return create(hub, call);
  const [, name = '', rest = ''] = /^(?:\/api)?\/datasets\/([^/]+\/[^/]+?)(?:\.git)?(\/.*)$/.exec(call.path) ?? [];
  const dataset = hub.datasets.get(name);
  if (dataset === undefined) return refusal(404, 'Repository not found');
  if (call.method === 'POST' && !name.startsWith(`${OWNER}/`))
    return refusal(403, `You don't have the rights to write to ${name}`);
  return inDataset(hub, { ...call, path: rest }, { name, dataset });
}

function inDataset(hub: TestHub, call: Call, { name, dataset }: { name: string; dataset: HubDataset }): Answer {
  switch (`${call.method} ${call.path}`) {
    case 'GET /revision/HEAD':
      return { body: { _id: '1', id: name, private: dataset.isPrivate, lastModified: '2026-11-26T12:00:00.000Z' } };
    case 'GET /tree/main':
      return list(dataset, call);
    case 'POST /preupload/main':
      return { body: { files: modesOf(call) } };
    case 'POST /info/lfs/objects/batch':
      return announce(hub, call);
    case 'POST /commit/main':
      return commit(hub, call, dataset);
    case 'POST /super-squash/main':
      dataset.commits = ['squashed'];
      return { body: { commitId: 'c' } };
    default:
      return read(dataset, call);
  }
}

const bodyOf = <T extends z.ZodType>(schema: T, { body }: Call): z.output<T> =>
  schema.parse(JSON.parse(body.toString()));

const createSchema = z.object({
  name: z.string(),
  organization: z.string(),
  type: z.literal('dataset'),
  visibility: z.enum(['public', 'private']),
});

function create(hub: TestHub, call: Call): Answer {
  const { name, organization, visibility } = bodyOf(createSchema, call);
  if (organization !== OWNER)
    return refusal(403, `You don't have the rights to create a dataset under ${organization}`);
  const full = `${organization}/${name}`;
  if (hub.datasets.has(full)) return refusal(409, 'You already created this dataset repo');
  const attributes = { bytes: Buffer.from('*.jpg filter=lfs\n'), isLfs: false };
  const files = new Map([['.gitattributes', attributes]]);
  hub.datasets.set(full, { isPrivate: visibility === 'private', files, commits: ['initial commit'] });
  return { body: { url: `${hub.url}/datasets/${full}`, id: full } };
}

function list({ files }: HubDataset, { url }: Call): Answer {
  const entries = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const page = entries.slice(from, from + PAGE).map(([path, { bytes, isLfs }]) => {
    const file = { type: 'file', path, size: bytes.length, oid: gitId(bytes) };
    return isLfs ? { ...file, oid: gitId(Buffer.from(path)), lfs: { oid: sha256(bytes), size: bytes.length } } : file;
  });
  const next = new URL(url);
  next.searchParams.set('cursor', String(from + PAGE));
  const headers = from + PAGE < entries.length ? { link: `<${next.href}>; rel="next"` } : {};
  return { headers, body: from === 0 ? [{ type: 'directory', path: 'test', size: 0, oid: '0' }, ...page] : page };
}

const preuploadSchema = z.object({ files: z.array(z.object({ path: z.string(), size: z.number() })) });

function modesOf(call: Call): unknown[] {
  return bodyOf(preuploadSchema, call).files.map(({ path, size }) => {
    const isLfs = /\.(?:jpg|png|webp|tar|parquet)$/.test(path) || size > MAX_REGULAR_BYTES;
    return { path, uploadMode: isLfs ? 'lfs' : 'regular', shouldIgnore: false };
  });
}

const batchSchema = z.object({ objects: z.array(z.object({ oid: z.string(), size: z.number() })) });

function announce({ storageUrl, objects }: TestHub, call: Call): Answer {
  const { objects: asked } = bodyOf(batchSchema, call);
  const upload = (oid: string) => ({ upload: { href: `${storageUrl}/lfs-storage/${oid}?X-Amz-Signature=0123456789` } });
  return {
    body: {
      transfer: 'basic',
      objects: asked.map(({ oid, size }) => (objects.has(oid) ? { oid, size } : { oid, size, actions: upload(oid) })),
    },
  };
}

/** The storage is another service: its addresses are signed, and it refuses a request that also has a token. */
function store({ objects, received }: TestHub, { url, headers, body }: Call, oid: string): Answer {
  if (headers.authorization !== undefined || url.searchParams.get('X-Amz-Signature') === null)
    return refusal(400, 'Only one auth mechanism allowed');
  if (sha256(body) !== oid) return refusal(400, 'BadDigest');
  objects.set(oid, body);
  received.push(oid);
  return {};
}

const fileLine = z.object({ key: z.literal('file'), value: z.object({ path: z.string(), content: z.string() }) });
const lfsLine = z.object({ key: z.literal('lfsFile'), value: z.object({ path: z.string(), oid: z.string() }) });
const deletedLine = z.object({ key: z.literal('deletedFile'), value: z.object({ path: z.string() }) });
const headerLine = z.object({ key: z.literal('header'), value: z.object({ summary: z.string() }) });
const lineSchema = z.discriminatedUnion('key', [headerLine, fileLine, lfsLine, deletedLine]);

function commit({ objects }: TestHub, { body }: Call, dataset: HubDataset): Answer {
  const files = new Map(dataset.files);
  let title = '';
  for (const line of jsonLines(body.toString()).map((one) => lineSchema.parse(one))) {
    if (line.key === 'header') title = line.value.summary;
    else if (line.key === 'file')
      files.set(line.value.path, { bytes: Buffer.from(line.value.content, 'base64'), isLfs: false });
    else if (line.key === 'lfsFile') {
      const bytes = objects.get(line.value.oid);
      if (bytes === undefined) return refusal(400, `LFS object ${line.value.oid} is not there`);
      files.set(line.value.path, { bytes, isLfs: true });
    } else if (!files.delete(line.value.path)) return refusal(400, `There is no file ${line.value.path}`);
  }
  dataset.files = files;
  dataset.commits.push(title);
  return { body: { commitOid: 'c', commitUrl: 'u', hookOutput: '' } };
}

function read({ files }: HubDataset, { path, headers }: Call): Answer {
  const file = files.get(path.replace(/^\/resolve\/main\//, ''));
  if (file === undefined) return { ...refusal(404, 'Entry not found'), headers: { 'x-error-code': 'EntryNotFound' } };
  const { bytes } = file;
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const end = to === '' ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1);
  if (headers.range === undefined) return { headers: { etag: gitId(bytes) }, body: bytes };
  const range = `bytes ${from}-${end}/${bytes.length}`;
  return {
    status: 206,
    headers: { 'content-range': range, etag: gitId(bytes) },
    body: bytes.subarray(Number(from), end + 1),
  };
}

function gitId(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
