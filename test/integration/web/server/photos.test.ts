import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readlink, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import { candidate, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { until } from '../../../support/until.ts';
import { ask, NO_TOKENS, useDashboard } from './support.ts';

const RESPONSES = 8;
const IDLE_TIMEOUT_MS = 2_000;
/** Bytes that a slow client reads at a time: more than the system buffers, so that the server sees progress. */
const STEP_BYTES = 4_000_000;
const dashboard = useDashboard(async () => ({
  WINNOW_SERVER_PHOTO_RESPONSES: String(RESPONSES),
  WINNOW_SERVER_PHOTO_IDLE_TIMEOUT_MS: String(IDLE_TIMEOUT_MS),
}));
/** As large as photos get: more than the system holds for a connection. */
const LARGE = randomBytes(43_000_000);
const SMALL = randomBytes(30_000);
let server = '';

async function put(bytes: Buffer): Promise<Sha256> {
  const { db, blobs } = dashboard.app;
  const sha256 = sha256Of(bytes);
  const { waiting } = await store(db, [candidate(sha256, { wnid: 'n01440764' })]);
  await stored(db, waiting[0] ?? 0, { ...photo(sha256), sha256, bytes: bytes.length });
  await blobs.put(sha256, bytes);
  return sha256;
}

beforeAll(async () => {
  await put(LARGE);
  await put(SMALL);
  server = await dashboard.serve(NO_TOKENS);
});

/** Asks for a photo and reads none of the answer until it is resumed. */
async function staller(sha256: Sha256): Promise<Socket> {
  const { hostname, port } = new URL(server);
  const socket = connect(Number(port), hostname).pause();
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET /photos/${sha256} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return socket;
}

/** Downloads a photo: its status, and the bytes received before the response ended or was aborted. */
async function download(sha256: Sha256): Promise<{ status: number; bytes: number; isWhole: boolean }> {
  const response = await fetch(`${server}/photos/${sha256}`, { headers: { connection: 'close' } });
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) bytes += chunk.length;
    return { status: response.status, bytes, isWhole: true };
  } catch {
    return { status: response.status, bytes, isWhole: false };
  }
}

async function openFiles(sha256: Sha256): Promise<number> {
  const descriptors = await readdir('/proc/self/fd');
  const files = await Promise.all(descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return files.filter((file) => file === dashboard.app.blobs.placeOf(sha256)).length;
}

describe('a photo', () => {
  it('is sent whole, with its length, and HEAD tells the length without reading it', async () => {
    const sha256 = sha256Of(LARGE);
    expect(await download(sha256)).toEqual({ status: 200, bytes: LARGE.length, isWhole: true });
    for (const bytes of [LARGE, SMALL]) {
      const { status, headers, body } = await ask(server, `/photos/${sha256Of(bytes)}`, { method: 'HEAD' });
      expect([status, headers['content-length'], headers['content-type'], body]).toEqual([
        200,
        String(bytes.length),
        'image/jpeg',
        '',
      ]);
    }
  });

  it('is never sent to its end if its bytes are wrong', async () => {
    const large = await put(randomBytes(5_000_000));
    await writeFile(dashboard.app.blobs.placeOf(large), randomBytes(5_000_000));
    const { status, bytes, isWhole } = await download(large);
    expect([status, isWhole, bytes < 5_000_000]).toEqual([200, false, true]);
    const small = await put(randomBytes(20_000));
    await writeFile(dashboard.app.blobs.placeOf(small), SMALL);
    const refused = await ask(server, `/photos/${small}`);
    expect([refused.status, refused.headers['content-type'], refused.headers['cache-control']]).toEqual([
      500,
      'application/json; charset=utf-8',
      'no-store',
    ]);
    // The places of both are free again.
    const all = await Promise.all(Array.from({ length: 2 * RESPONSES }, () => download(sha256Of(SMALL))));
    expect(all.every(({ isWhole: isOne }) => isOne)).toBe(true);
  });

  it('is sent to all who ask at once, as a page of thumbnails does', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => download(sha256Of(SMALL))));
    expect(all.filter(({ bytes }) => bytes === SMALL.length)).toHaveLength(50);
  });
});

describe('clients that ask for a large photo and read nothing', () => {
  it('keep nobody from a photo as long as there are places', async () => {
    await Promise.all(Array.from({ length: RESPONSES - 1 }, () => staller(sha256Of(LARGE))));
    await until(async () => (await openFiles(sha256Of(LARGE))) === RESPONSES - 1);
    expect(await download(sha256Of(SMALL))).toEqual({ status: 200, bytes: SMALL.length, isWhole: true });
  });

  it('are so many at once and no more, hold a few chunks each, and are cut off', async () => {
    const before = process.memoryUsage();
    const stalled = await Promise.all(Array.from({ length: 30 }, () => staller(sha256Of(LARGE))));
    let closed = 0;
    for (const socket of stalled) socket.once('close', () => (closed += 1));
    await until(async () => (await openFiles(sha256Of(LARGE))) === RESPONSES);
    await sleep(500);
    const { rss, arrayBuffers } = process.memoryUsage();
    expect(await openFiles(sha256Of(LARGE))).toBe(RESPONSES);
    // 30 copies of the photo would be 1.3 GB.
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(100_000_000);
    expect(rss - before.rss).toBeLessThan(300_000_000);
    // All 30 came before this one. It is told to ask again if no place is free in time.
    const statuses: number[] = [];
    await until(async () => {
      const { status, bytes } = await download(sha256Of(SMALL));
      statuses.push(status);
      return bytes === SMALL.length;
    });
    expect(statuses.slice(0, -1).every((status) => status === 503)).toBe(true);
    // A client that reads nothing hears that it was cut off only once it reads.
    for (const socket of stalled) socket.resume();
    await until(() => closed === stalled.length);
    expect(await openFiles(sha256Of(LARGE))).toBe(0);
  });

  it('but one that reads slowly gets all of it', async () => {
    const socket = await staller(sha256Of(LARGE));
    let bytes = 0;
    let taken = 0;
    let head = '';
    socket.on('data', (chunk) => {
      if (head === '') head = chunk.toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
      bytes += chunk.length;
      taken += chunk.length;
      if (taken >= STEP_BYTES) socket.pause();
    });
    const startMs = performance.now();
    // Reads for longer than any client may do nothing, with pauses that are shorter.
    await until(async () => {
      taken = 0;
      socket.resume();
      await sleep(400);
      return socket.readableEnded || socket.destroyed;
    }, 60_000);
    expect(performance.now() - startMs).toBeGreaterThan(2 * IDLE_TIMEOUT_MS);
    expect([head.split('\r\n', 1)[0], bytes - head.length - 4]).toEqual(['HTTP/1.1 200 OK', LARGE.length]);
  });
});
