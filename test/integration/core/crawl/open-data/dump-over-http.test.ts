import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDump } from '../../../../../src/core/crawl/discover/open-dump.process.ts';
import { loadConfig } from '../../../../../src/core/config/load-config.ts';
import { NO_VERSION } from '../../../../../src/core/crawl/sources/remote-version.ts';
import { startPhotoServer, type LocalServer } from '../../../../support/photo-server.ts';

const FILE = 'photos.csv.gz';
const BYTES = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => i % 251));

interface Sending {
  readonly bytes?: Buffer;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly ignoresRange?: boolean;
  /** Cuts the connection after so many bytes. */
  readonly cutAfter?: number;
}

const DONE: Sending = { etag: '"one"' };
const CUT: Sending = { ...DONE, cutAfter: 100_000 };

function send(request: IncomingMessage, response: ServerResponse, sending: Sending): void {
  const { bytes = BYTES, cutAfter } = sending;
  if (sending.etag !== undefined && request.headers['if-none-match'] === sending.etag)
    return void response.writeHead(304).end();
  const [start, end] = partOf(request, sending) ?? [0, bytes.length];
  const isPart = end - start < bytes.length;
  response.writeHead(isPart ? 206 : 200, {
    'content-length': end - start,
    ...(isPart ? { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` } : {}),
    ...validatorsOf(sending),
  });
  if (cutAfter === undefined) response.end(bytes.subarray(start, end));
  else response.write(bytes.subarray(start, start + cutAfter), () => response.destroy());
}

/** The requested part: its first byte, and the first byte after it. Null if the whole file must be sent. */
function partOf({ headers }: IncomingMessage, sending: Sending): readonly [number, number] | null {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const condition = headers['if-range']?.toString();
  const isWanted = condition === undefined || Object.values(validatorsOf(sending)).includes(condition);
  if (from === undefined || sending.ignoresRange === true || !isWanted) return null;
  return [Number(from), to === '' ? (sending.bytes ?? BYTES).length : Number(to) + 1];
}

function validatorsOf({ etag, lastModified }: Sending): Record<string, string> {
  return {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { 'last-modified': lastModified }),
  };
}

/** Identifies and reads the file from a server that answers the first request in the first way, and so on. */
async function read(...answers: readonly Sending[]) {
  let count = 0;
  const host = await startPhotoServer((request, response) => {
    send(request, response, answers[count] ?? answers.at(-1) ?? {});
    count += 1;
  });
  onTestFinished(() => host.close());
  const { config } = await loadConfig({ env: { WINNOW_CRAWL_CONTACT: 'curator@example.org' } });
  const dump = openDump(config, `${host.origin}/dump/`, new AbortController().signal);
  onTestFinished(() => dump.close());
  const version = await dump.identify(FILE, NO_VERSION);
  const pieces: Uint8Array[] = [];
  for await (const piece of await dump.open(FILE)) pieces.push(piece);
  return { version, bytes: Buffer.concat(pieces), host, dump };
}

const partsOf = ({ log }: LocalServer): unknown[] => log.map(({ headers }) => [headers.range, headers['if-range']]);

describe('a dump over HTTP', () => {
  it('is identified by its first byte, and read on from where a connection broke', async () => {
    const { version, bytes, host } = await read(DONE, CUT, CUT, DONE);
    expect(version).toEqual({ etag: '"one"', lastModified: null, bytes: BYTES.length });
    expect(bytes.equals(BYTES)).toBe(true);
    expect(partsOf(host)).toEqual([
      ['bytes=0-0', undefined],
      [undefined, undefined],
      ['bytes=100000-', '"one"'],
      ['bytes=200000-', '"one"'],
    ]);
  });

  it('is read on by its time if its server gives no ETag', async () => {
    const lastModified = 'Thu, 01 Oct 2026 08:00:00 GMT';
    const timed = { lastModified };
    const { bytes, host } = await read(timed, { ...timed, cutAfter: 100_000 }, timed);
    expect(bytes.equals(BYTES)).toBe(true);
    expect(partsOf(host).at(-1)).toEqual(['bytes=100000-', lastModified]);
  });

  it('has no byte twice if its server ignores Range and sends all of it again', async () => {
    const all = { ...DONE, ignoresRange: true };
    const { version, bytes } = await read(all, { ...all, cutAfter: 100_000 }, { ...all, cutAfter: 50_000 }, all);
    expect(version.bytes).toBe(BYTES.length);
    expect(bytes.equals(BYTES)).toBe(true);
  });

  it.each<[string, Sending]>([
    ['tag', { etag: '"two"' }],
    ['length', { ...DONE, bytes: BYTES.subarray(1) }],
  ])('is refused if its %s changes before it is read, or while it is read', async (_, changed) => {
    const error = { code: 'open-data-changed', message: expect.stringContaining('it changed while it was read') };
    await expect(read(DONE, changed)).rejects.toMatchObject(error);
    await expect(read(DONE, CUT, changed)).rejects.toMatchObject(error);
  });

  it('is not sent again if it has not changed', async () => {
    const { version, host, dump } = await read(DONE);
    expect(await dump.identify(FILE, version)).toEqual(version);
    expect(host.log.at(-1)?.status).toBe(304);
  });

  it('is named without the password of its address', async () => {
    const host = await startPhotoServer((_request, response) => void response.writeHead(404).end());
    onTestFinished(() => host.close());
    const { config } = await loadConfig({ env: { WINNOW_CRAWL_CONTACT: 'curator@example.org' } });
    const address = host.origin.replace('://', '://ann:s3cret@');
    const dump = openDump(config, address, new AbortController().signal);
    onTestFinished(() => dump.close());
    const error = await dump.identify(FILE, NO_VERSION).then(String, String);
    expect(error).toContain(`the file of the open-data dump at http://ann:***@${new URL(host.origin).host}/${FILE}`);
    expect(error).not.toContain('s3cret');
  });

  it('cannot be read on without validators: the error says to download it', async () => {
    await expect(read({}, { cutAfter: 100_000 }, {})).rejects.toMatchObject({
      code: 'open-data-url',
      message: expect.stringMatching(
        /broke off after 100000 bytes, .* neither ETag nor Last-Modified, so the download cannot resume; download the file/,
      ),
    });
  });
});
