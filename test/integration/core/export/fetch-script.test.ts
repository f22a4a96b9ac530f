import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { FETCH_SCRIPT, PIXEL_HASHES } from '../../../../src/core/export/layout.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import type { PhotoRow } from '../../../../src/core/export/select/photo-row.ts';
import { decodeRgb } from '../../../../src/core/platform/image/decode.ts';
import { withoutMetadata } from '../../../../src/core/platform/image/strip.ts';
import { noiseBytes } from '../../../unit/core/photo/pixels/noise.ts';
import { pngChunk, pngFile } from '../platform/image/png-file.ts';
import { lacksModules, PYTHON, PYTHON_TIMEOUT_MS } from '../../../support/export-python.ts';
import { photoRow } from '../../../support/photo-files.ts';
import { insertSegment } from '../../../support/photo-metadata.ts';
import { startPhotoServer, type LocalServer } from '../../../support/photo-server.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { testFolder } from '../../../support/test-app.ts';
import { until } from '../../../support/until.ts';

const QUICK = ['--contact', 'ann@example.org', '--delay', '0.05'];

let hasPython = '';
let folder = '';
let pixelLines: string[] = [];

beforeAll(async () => {
  hasPython = await lacksModules('urllib.request');
});

beforeEach(async (context) => {
  context.skip(hasPython !== '', hasPython);
  folder = await testFolder();
  pixelLines = [];
});

async function serve(respond: RequestListener): Promise<LocalServer> {
  const server = await startPhotoServer(respond);
  onTestFinished(() => server.close());
  return server;
}

/** Answers that follow from the last part of the path; every photo is its own name, repeated. */
function bodyOf(id: string): Buffer {
  return Buffer.from(`${id} `.repeat(500));
}

function sendBody(request: IncomingMessage, response: ServerResponse): void {
  response.end(bodyOf(idOf(request)));
}

function idOf(request: IncomingMessage): string {
  return path.posix.basename(request.url ?? '');
}

function rowOf(server: LocalServer, id: string, fields: Partial<PhotoRow> = {}): PhotoRow {
  return photoRow(id, { sha256: sha256Of(bodyOf(id)), source_url: `${server.origin}/${id}`, ...fields });
}

async function put(rows: readonly PhotoRow[]): Promise<void> {
  await mkdir(path.join(folder, 'test'), { recursive: true });
  await copyFile(path.join(packageRoot, 'assets', FETCH_SCRIPT), path.join(folder, FETCH_SCRIPT));
  await writeFile(path.join(folder, PIXEL_HASHES), pixelLines.join(''));
  await writeFile(path.join(folder, 'test/metadata.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function start(args: readonly string[], program = PYTHON) {
  const child = spawn(program, [...args], { env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1' } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()));
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, stdout, stderr }));
  return { child, ended };
}

/** Runs the script on these rows without installed packages, such as Pillow. A warning of Python counts as a failure. */
async function fetchPhotos(rows: readonly PhotoRow[], ...flags: readonly string[]) {
  await put(rows);
  return start(['-S', '-W', 'error', path.join(folder, FETCH_SCRIPT), ...QUICK, ...flags]).ended;
}

async function saved(): Promise<string[]> {
  const entries = await readdir(path.join(folder, 'test'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'metadata.jsonl')
    .map((entry) => path.relative(path.join(folder, 'test'), path.join(entry.parentPath, entry.name)))
    .toSorted();
}

describe(
  'fetch.py',
  () => {
    it('downloads each photo to its place, one request at a time with a pause, under a User-Agent with the contact', async () => {
      let open = 0;
      let mostOpen = 0;
      const server = await serve((request, response) => {
        mostOpen = Math.max(mostOpen, (open += 1));
        response.once('close', () => (open -= 1));
        setTimeout(() => sendBody(request, response), 20);
      });
      const rows = ['p1', 'p2', 'p3', 'p4'].map((id) => rowOf(server, id));
      const { code, stdout, stderr } = await fetchPhotos(rows, '--delay', '0.6');
      expect([code, stdout, stderr]).toEqual([0, '4 fetched\n', '']);
      for (const { file_name, id } of rows) {
        expect(await readFile(path.join(folder, 'test', file_name))).toEqual(bodyOf(id));
      }
      expect(mostOpen).toBe(1);
      expect(new Set(server.log.map(({ userAgent }) => userAgent))).toEqual(
        new Set(['winnow-fetch/1 (+ann@example.org)']),
      );
      const pauses = server.log.slice(1).map(({ atMs }, at) => atMs - (server.log[at]?.endedMs ?? Infinity));
      for (const pause of pauses) expect(pause).toBeGreaterThan(300);
    });

    it('refuses to start without a contact', async () => {
      await put([]);
      const { code, stderr } = await start([path.join(folder, FETCH_SCRIPT)]).ended;
      expect(code).toBe(2);
      expect(stderr).toContain('--contact');
    });

    it('says what is gone, changed and forbidden, saves none of it, goes on, and exits with 1', async () => {
      const answers: Record<string, number> = { gone: 404, removed: 410, forbidden: 403 };
      const server = await serve((request, response) => {
        const id = idOf(request);
        response.statusCode = answers[id] ?? 200;
        response.end(id === 'changed' ? 'other bytes' : bodyOf(id));
      });
      const ids = ['gone', 'changed', 'removed', 'forbidden', 'good'];
      const { code, stdout } = await fetchPhotos(ids.map((id) => rowOf(server, id)));
      expect(code).toBe(1);
      const lines = stdout.split('\n').map((line) => line.split('\t'));
      expect(lines.filter((line) => line.length > 1).map(([state, file]) => [state, file])).toEqual([
        ['gone', 'n01498041/gone.jpg'],
        ['changed', 'n01498041/changed.jpg'],
        ['gone', 'n01498041/removed.jpg'],
        ['failed', 'n01498041/forbidden.jpg'],
      ]);
      expect(stdout).toContain('2 gone: the host has them no longer\n');
      expect(await saved()).toEqual(['n01498041/good.jpg']);
      expect(server.log).toHaveLength(ids.length);
    });

    it('waits as long as a host asks with 429 or 503, in seconds or until a date, and tries again', async () => {
      const asks = [
        { status: 429, retryAfter: '2' },
        { status: 503, retryAfter: () => new Date(Date.now() + 3_000).toUTCString() },
      ];
      const server = await serve((request, response) => {
        const ask = asks.shift();
        if (ask === undefined) return sendBody(request, response);
        const { status, retryAfter } = ask;
        response.writeHead(status, { 'retry-after': typeof retryAfter === 'string' ? retryAfter : retryAfter() }).end();
      });
      const { code, stdout } = await fetchPhotos([rowOf(server, 'p1')]);
      expect([code, stdout]).toEqual([0, '1 fetched\n']);
      const [first = 0, second = 0, third = 0] = server.log.map(({ atMs }) => atMs);
      expect(second - first).toBeGreaterThanOrEqual(1_950);
      // A date has whole seconds.
      expect(third - second).toBeGreaterThanOrEqual(1_900);
    });

    it('leaves a host alone that goes on refusing or asks for a long wait, and fetches from the others', async () => {
      const refusing = await serve((_, response) => response.writeHead(429, { 'retry-after': '0' }).end());
      const waiting = await serve((_, response) => response.writeHead(503, { 'retry-after': '86400' }).end());
      const broken = await serve((request, response) => {
        if (idOf(request) === 'p5') response.writeHead(500).end();
        else sendBody(request, response);
      });
      const rows = [
        ...['p1', 'p2'].map((id) => rowOf(refusing, id)),
        ...['p3', 'p4'].map((id) => rowOf(waiting, id)),
        ...['p5', 'p6'].map((id) => rowOf(broken, id)),
      ];
      const { code, stdout } = await fetchPhotos(rows, '--retries', '1');
      expect(code).toBe(1);
      expect(stdout).toContain('1 fetched\n5 failed: may work later\n');
      expect(await saved()).toEqual(['n01498041/p6.jpg']);
      expect([refusing, waiting, broken].map(({ log }) => log.length)).toEqual([2, 1, 3]);
    });

    it('gives up on slow, cut and too large photos without saving a part, and asks the same host for the next', async () => {
      const server = await serve((request, response) => {
        const id = idOf(request);
        if (id === 'slow') {
          const drip = setInterval(() => response.write('x'), 100);
          response.once('close', () => clearInterval(drip));
        } else if (id === 'cut') {
          response.writeHead(200, { 'content-length': 9_999 });
          response.write('x', () => response.destroy());
        } else if (id === 'large') response.end(Buffer.alloc(300_000));
        else sendBody(request, response);
      });
      const rows = ['slow', 'cut', 'large', 'good'].map((id) => rowOf(server, id));
      const flags = ['--timeout', '2', '--retries', '0', '--max-bytes', '200000'];
      const { stdout } = await fetchPhotos(rows, ...flags);
      expect(stdout.match(/^\w+\tn01498041\/\w+/gm)).toEqual([
        'failed\tn01498041/slow',
        'failed\tn01498041/cut',
        'changed\tn01498041/large',
      ]);
      expect(await saved()).toEqual(['n01498041/good.jpg']);
    });

    it('goes on where it was killed, and never overwrites a file', async () => {
      let isStuck = true;
      const server = await serve((request, response) => {
        if (idOf(request) !== 'p3' || !isStuck) return sendBody(request, response);
        response.writeHead(200, { 'content-length': bodyOf('p3').length });
        response.write(bodyOf('p3').subarray(0, 700));
      });
      const rows = ['p1', 'p2', 'p3', 'p4'].map((id) => rowOf(server, id));
      await put(rows);
      const { child, ended } = start([path.join(folder, FETCH_SCRIPT), ...QUICK]);
      await until(async () => (await saved()).includes('n01498041/p3.jpg.part'));
      child.kill('SIGKILL');
      await ended;
      isStuck = false;
      const mine = path.join(folder, 'test/n01498041/p4.jpg');
      await writeFile(mine, 'my own file');
      const { code, stdout } = await fetchPhotos(rows);
      expect(code).toBe(1);
      expect(stdout).toContain('2 were there already\n1 fetched\n1 not saved');
      expect(server.log.map(({ path: asked }) => asked)).toEqual(['/p1', '/p2', '/p3', '/p3']);
      expect(await readFile(mine, 'utf8')).toBe('my own file');
      expect(await saved()).toEqual(['p1', 'p2', 'p3', 'p4'].map((id) => `n01498041/${id}.jpg`));
    });

    it('stops if it cannot write, instead of asking for one photo after another', async () => {
      const server = await serve(sendBody);
      await put(['p1', 'p2'].map((id) => rowOf(server, id)));
      // A file can have no more than 512 or 1,024 bytes.
      const command = `ulimit -f 1; exec "$0" "$@"`;
      const script = path.join(folder, FETCH_SCRIPT);
      const { code, stderr } = await start(['-c', command, PYTHON, script, ...QUICK], 'sh').ended;
      expect([code, server.log.length]).toEqual([1, 1]);
      expect(stderr).toMatch(/^Cannot write .*p1\.jpg\.part: .*start again\.\n$/);
      expect(await saved()).toEqual([]);
    });

    it('asks nobody for addresses that are not http, and writes to no place outside test/', async () => {
      const server = await serve((request, response) => {
        if (request.url?.startsWith('/r') !== true) return sendBody(request, response);
        response.writeHead(302, { location: `file://${folder}/test/metadata.jsonl` }).end();
      });
      await writeFile(path.join(folder, 'secret'), 'secret');
      const secret = sha256Of('secret');
      const local = { sha256: secret, original_sha256: secret };
      const rows = [
        rowOf(server, 'p1', { source_url: `file://${folder}/secret`, ...local }),
        rowOf(server, 'p2', { source_url: '' }),
        rowOf(server, 'p3', { source_url: 'http://[bad' }),
        rowOf(server, 'p4', { source_url: 'http://127.0.0.1:port/p4' }),
        rowOf(server, 'r5'),
        rowOf(server, 'p6', { file_name: '../p6.jpg' }),
        rowOf(server, 'p7', { file_name: '/tmp/p7.jpg' }),
        rowOf(server, 'p8', { file_name: 'n1/../../p8.jpg' }),
        rowOf(server, 'p9', {
          source_url: `${server.origin}/ü p9/%C3%BC?a=b&c=d`,
          sha256: sha256Of(bodyOf('%C3%BC?a=b&c=d')),
        }),
      ].map((row) => ({ ...row, original_sha256: row.sha256 }));
      const { code, stdout, stderr } = await fetchPhotos(rows, '--retries', '0');
      expect([code, stderr]).toEqual([1, '']);
      expect(stdout).toContain('1 fetched\n');
      expect(stdout).toContain('4 failed: may work later\n4 have no address');
      expect(await saved()).toEqual(['n01498041/p9.jpg']);
      expect(server.log.map(({ path: asked }) => asked)).toEqual(['/r5', '/%C3%BC%20p9/%C3%BC?a=b&c=d']);
    });

    describe('for a photo that is in the set without its metadata', () => {
      const size = { width: 8, height: 6 };
      const rgb = sharp(noiseBytes(8 * 6 * 3), { raw: { ...size, channels: 3 } });
      const secret = Buffer.from('a secret of the photographer');
      const withSecret = (jpeg: Buffer): Buffer => Buffer.concat([insertSegment(jpeg, 0xed, secret), secret]);
      const clean = (original: Buffer): Buffer => withoutMetadata(original) ?? Buffer.alloc(0);

      it('removes the metadata and saves the bytes that the set has, without Pillow', async () => {
        const spec = { ...size, bitDepth: 8, colour: 'rgb', rows: noiseBytes(8 * 6 * 3) } as const;
        const originals = new Map([
          ['p1.jpg', withSecret(await rgb.clone().jpeg().toBuffer())],
          ['p2.jpg', withSecret(await rgb.clone().jpeg({ progressive: true }).withIccProfile('p3').toBuffer())],
          ['p3.jpg', withSecret(await rgb.clone().toColourspace('cmyk').jpeg().toBuffer())],
          ['p4.png', pngFile({ ...spec, extra: [pngChunk('eXIf', secret), pngChunk('gAMA', Buffer.of(0, 0, 1, 2))] })],
        ]);
        const server = await serve((request, response) => response.end(originals.get(idOf(request))));
        const rows = [...originals].map(([id, original]) => {
          const hashes = { sha256: sha256Of(clean(original)), original_sha256: sha256Of(original) };
          return rowOf(server, id, { file_name: `n01498041/${id}`, ...hashes });
        });
        const { code, stdout, stderr } = await fetchPhotos(rows);
        expect([code, stdout, stderr]).toEqual([0, '4 fetched, and their metadata removed\n', '']);
        for (const [id, original] of originals)
          expect((await readFile(path.join(folder, 'test/n01498041', id))).equals(clean(original))).toBe(true);
        expect((await fetchPhotos(rows)).stdout).toBe('4 were there already\n');
      });

      it('saves nothing if the metadata cannot be removed to the bytes of the set', async () => {
        const original = withSecret(await rgb.clone().jpeg().toBuffer());
        const server = await serve((_, response) => response.end(original));
        const hashes = { sha256: sha256Of('other bytes'), original_sha256: sha256Of(original) };
        const { code, stdout } = await fetchPhotos([rowOf(server, 'p1', hashes)]);
        expect([code, stdout]).toEqual([1, expect.stringMatching(/^failed\tn01498041\/p1.jpg.*metadata/)]);
        expect(await saved()).toEqual([]);
      });
    });

    describe('for a photo that is in the set as PNG', () => {
      const size = { width: 8, height: 6 };
      const noise = (channels: 1 | 2 | 3 | 4): Uint8Array => noiseBytes(size.width * size.height * channels);
      const rgb = sharp(noise(3), { raw: { ...size, channels: 3 } });
      const rgba = sharp(noise(4), { raw: { ...size, channels: 4 } });

      /** Bytes of a photo that cannot be exported as they are. */
      const originals: Record<string, () => Promise<Buffer> | Buffer> = {
        'a turned JPEG': () => rgb.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
        'a turned PNG': () => rgb.clone().png().withMetadata({ orientation: 3 }).toBuffer(),
        'a CMYK JPEG': () => rgb.clone().toColourspace('cmyk').jpeg().toBuffer(),
        'a WebP': () => rgb.clone().webp().toBuffer(),
        'a WebP with alpha': () => rgba.clone().webp({ lossless: true }).toBuffer(),
        'a PNG with alpha': () => rgba.clone().png().toBuffer(),
        'a PNG with a transparent palette': () => rgba.clone().png({ palette: true }).toBuffer(),
        'a PNG of 16-bit colours': () => pngFile({ ...size, bitDepth: 16, colour: 'rgb', rows: noiseBytes(8 * 6 * 6) }),
        'a PNG of 16-bit colours with alpha': () =>
          pngFile({ ...size, bitDepth: 16, colour: 'rgba', rows: noiseBytes(8 * 6 * 8) }),
        'a PNG of 16-bit grey': () => pngFile({ ...size, bitDepth: 16, colour: 'grey', rows: noiseBytes(8 * 6 * 2) }),
        'a PNG of 16-bit grey with alpha': () =>
          pngFile({ ...size, bitDepth: 16, colour: 'greyAlpha', rows: noiseBytes(8 * 6 * 4) }),
      };

      /** The row of an export that has the pixels of the decoder as PNG. */
      async function pngRow(server: LocalServer, original: Buffer, id = 'p1'): Promise<PhotoRow> {
        const { width, height, data } = await decodeRgb(original);
        const png = await sharp(data, { raw: { width, height, channels: 3 } })
          .png()
          .toBuffer();
        const hashes = { sha256: sha256Of(png), original_sha256: sha256Of(original) };
        pixelLines.push(`${sha256Of(Buffer.from(data))}  test/n01498041/${id}.png\n`);
        return rowOf(server, id, { file_name: `n01498041/${id}.png`, width, height, ...hashes });
      }

      it('converts turned, CMYK, WebP, transparent and 16-bit photos with Pillow to the pixels of our decoder', async (context) => {
        const problem = await lacksModules('PIL');
        context.skip(problem !== '', problem);
        const made = await Promise.all(Object.values(originals).map(async (make) => make()));
        const byId = new Map(made.map((original, i) => [`p${i}`, original]));
        const server = await serve((request, response) => response.end(byId.get(idOf(request))));
        await put(await Promise.all([...byId].map(async ([id, original]) => pngRow(server, original, id))));
        const { code, stdout, stderr } = await start([path.join(folder, FETCH_SCRIPT), ...QUICK]).ended;
        const done = `${made.length} fetched and converted to PNG with the same pixels\n`;
        expect([code, stdout, stderr]).toEqual([0, done, '']);
        for (const [i, name] of Object.keys(originals).entries()) {
          const { width, height, data } = await decodeRgb(made[i] ?? Buffer.alloc(0));
          const converted = sharp(path.join(folder, `test/n01498041/p${i}.png`));
          const wanted = { format: 'png', width, height, channels: 3, depth: 'uchar' };
          expect(await converted.metadata(), name).toMatchObject(wanted);
          expect(new Uint8Array(await converted.raw().toBuffer()), name).toEqual(new Uint8Array(data));
        }
        const again = await start([path.join(folder, FETCH_SCRIPT), ...QUICK]).ended;
        expect([again.code, again.stdout]).toEqual([0, `${made.length} were there already\n`]);
        await rgb.clone().negate().png().toFile(path.join(folder, 'test/n01498041/p0.png'));
        const other = await start([path.join(folder, FETCH_SCRIPT), ...QUICK]).ended;
        expect([other.code, other.stdout]).toEqual([1, expect.stringMatching(/^in-the-way\tn01498041\/p0.png/)]);
      });

      it('is not saved if Pillow reads other pixels than the set has', async (context) => {
        const problem = await lacksModules('PIL');
        context.skip(problem !== '', problem);
        const original = await rgb.clone().webp().toBuffer();
        const server = await serve((_, response) => response.end(original));
        const row = await pngRow(server, original);
        pixelLines = pixelLines.map((line) => line.replace(/^[0-9a-f]+/, sha256Of('other pixels')));
        await put([row]);
        const { code, stdout } = await start([path.join(folder, FETCH_SCRIPT), ...QUICK]).ended;
        expect([code, stdout]).toEqual([1, expect.stringMatching(/^other-pixels\tn01498041\/p1.png.*Pillow/)]);
        expect(await saved()).toEqual([]);
      });

      it('names the photo without Pillow and does not ask the host for it', async () => {
        const original = await rgb.clone().webp().toBuffer();
        const server = await serve((_, response) => response.end(original));
        const { code, stdout } = await fetchPhotos([await pngRow(server, original)]);
        expect(code).toBe(1);
        expect(stdout).toContain('needs-pillow\tn01498041/p1.png');
        expect(server.log).toEqual([]);
      });
    });
  },
  PYTHON_TIMEOUT_MS,
);
