import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import http from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { buffer } from 'node:stream/consumers';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { candidate, store } from '../../../support/catalogue-fixtures.ts';
import { ask, JSON_BODY, NO_TOKENS, useDashboard, type Answered } from './support.ts';

const dashboard = useDashboard();
let server: string;

beforeAll(async () => {
  server = await dashboard.serve(NO_TOKENS, { reviewer: 'ann' });
});

const ACTIONS = '/c/demo/api/review/actions';
const send = (body: string): Promise<Answered> => ask(server, ACTIONS, { method: 'POST', headers: JSON_BODY, body });
const problemOf = ({ status, body }: Answered): unknown[] => [status, JSON.parse(body).error];

const bodyOf = (actions: number, photos: string): string => {
  const action = `{"kind":"flag","sequence":1,"at":"2026-11-26T12:00:00Z","value":{"flagged":true},"subjects":[${photos}]}`;
  return `{"client":"tab","actions":[${Array.from({ length: actions }, () => action).join(',')}]}`;
};
const photos = (count: number): string =>
  Array.from({ length: count }, (_, i) => `{"sha256":"${i.toString(16).padStart(64, '0')}","wnid":"n01440764"}`).join(
    ',',
  );

describe('actions that are too large', () => {
  it('in bytes are refused before they are read, with the limit and the size', async () => {
    const body = bodyOf(20, '{},'.repeat(999_999) + '{}');
    const answer = await new Promise<Answered>((resolve, reject) => {
      const headers = { ...JSON_BODY, 'content-length': body.length };
      const request = http.request(new URL(ACTIONS, server), { method: 'POST', headers, agent: false });
      request.once('error', reject);
      request.once('response', (response) => {
        void buffer(response).then((bytes) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString() }),
        );
      });
      // The server answers to the head alone.
      request.flushHeaders();
    });
    expect(problemOf(answer)).toEqual([413, `Expected a body of at most 4194304 bytes but received ${body.length}`]);
  });

  it('in values are refused before anything is made of them, with the limit and the number', async () => {
    expect(problemOf(await send(bodyOf(1, '{},'.repeat(999_999) + '{}')))).toEqual([
      400,
      'Expected JSON of at most 110000 values but received 2000010 values',
    ]);
  });

  it('in levels are refused, with the limit and the number; brackets in a text are none', async () => {
    const deep = `{"client":${'['.repeat(40)}${']'.repeat(40)}}`;
    expect(problemOf(await send(deep))).toEqual([400, 'Expected JSON of at most 32 levels but received 41 levels']);
    const text = await send(JSON.stringify({ client: `\\"${'['.repeat(40)}`, actions: [] }));
    expect(problemOf(text)).toEqual([400, expect.stringContaining("Expected 'client' otherwise")]);
  });

  it('in photos are refused, with the limit and the number', async () => {
    expect(problemOf(await send(bodyOf(2, photos(10_001))))).toEqual([
      400,
      'Expected at most 20000 photos in a request but received 20002',
    ]);
  });

  it('leave the server as it was: it decides on 20,000 photos that it does not list, and answers', async () => {
    const { status, body } = await send(bodyOf(1, photos(20_000)));
    expect([status, JSON.parse(body).results]).toEqual([200, [{ sequence: 1, stored: 0, skipped: 20_000 }]]);
  });
});

describe('a table of 100,000 photos', () => {
  const table = async (body: object): Promise<readonly unknown[]> => {
    const delays = monitorEventLoopDelay({ resolution: 10 });
    delays.enable();
    const answer = await ask(server, '/c/demo/api/photos/csv', {
      method: 'POST',
      headers: JSON_BODY,
      body: JSON.stringify(body),
    });
    delays.disable();
    return [answer.status, answer.body, delays.max / 1e6];
  };
  const quick = expect.toSatisfy((ms: number) => ms < 1_000);

  it('with wrong ids is refused with the first of them, and others are answered at once', async () => {
    const [status, text, standstillMs] = await table({ ids: Array.from({ length: 100_000 }, () => 'none') });
    expect([status, JSON.parse(String(text)).error, standstillMs]).toEqual([
      400,
      expect.stringMatching(/^Expected 'ids\.0' otherwise \(.{1,100}\) but received 'none'$/),
      quick,
    ]);
    const [last, problem] = await table({ ids: [...Array.from({ length: 99_999 }, (_, i) => i + 1), 0.5] });
    expect([last, JSON.parse(String(problem)).error]).toEqual([400, expect.stringContaining("'ids.99999'")]);
  });

  it('with unknown fields is refused in a short message', async () => {
    const [status, text] = await table({
      ids: [1],
      ...Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key ${i}`, 1])),
    });
    expect([status, String(text).length < 1_000]).toEqual([400, true]);
  });

  it('has each photo once', async () => {
    const { db } = dashboard.app;
    await store(db, [candidate('once', { wnid: 'n02129165' })]);
    const { rows } = await sql<{ id: number }>`select id from candidate limit 1`.execute(db);
    const [status, text, standstillMs] = await table({ ids: Array.from({ length: 100_000 }, () => rows[0]?.id) });
    expect([status, String(text).trim().split('\n').length, standstillMs]).toEqual([200, 2, quick]);
  });
});

async function encodingOf(target: string, accepted: string | null): Promise<readonly [string, Buffer]> {
  return new Promise((resolve, reject) => {
    const headers = accepted === null ? {} : { 'accept-encoding': accepted };
    const request = http.get(new URL(target, server), { headers, agent: false }, (response) => {
      const encoding = String(response.headers['content-encoding']);
      if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
        response.once('data', (bytes: Buffer) => {
          resolve([encoding, bytes]);
          request.destroy();
        });
      } else void buffer(response).then((bytes) => resolve([encoding, bytes]));
    });
    request.once('error', reject);
  });
}

describe('an answer', () => {
  const CLASSES = '/c/demo/api/overview';

  it('in text is compressed for clients that can read it, and the same for others', async () => {
    const [[encoding, bytes], [smaller, brotli], [plainEncoding, plain], [refused]] = await Promise.all([
      encodingOf(CLASSES, 'gzip'),
      encodingOf(CLASSES, 'br, gzip'),
      encodingOf(CLASSES, null),
      encodingOf(CLASSES, 'gzip;q=0, br;q=0'),
    ]);
    expect([encoding, smaller, plainEncoding, refused]).toEqual(['gzip', 'br', 'undefined', 'undefined']);
    const keys = Object.keys(JSON.parse(plain.toString()));
    for (const text of [gunzipSync(bytes), brotliDecompressSync(brotli)])
      expect(Object.keys(JSON.parse(text.toString()))).toEqual(keys);
  });

  it('of a script is compressed, and the same each time', async () => {
    const [first, again, plain] = await Promise.all([
      encodingOf('/assets/review.js', 'gzip'),
      encodingOf('/assets/review.js', 'gzip'),
      encodingOf('/assets/review.js', null),
    ]);
    expect(first[0]).toBe('gzip');
    expect([first[1].equals(again[1]), gunzipSync(first[1]).equals(plain[1])]).toEqual([true, true]);
  });

  it('that is a stream of live events is not compressed', async () => {
    const [encoding, bytes] = await encodingOf('/c/demo/api/live', 'gzip');
    expect([encoding, bytes.toString('utf8', 0, 5)]).toEqual(['undefined', 'data:']);
  });
});
