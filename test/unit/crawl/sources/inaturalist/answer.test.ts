import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { GiveUpOnItem, RetryLater, SourceBlocked } from '../../../../../src/kernel/errors.ts';
import { readAnswer } from '../../../../../src/crawl/sources/inaturalist/answer.ts';
import type { ApiResponse } from '../../../../../src/crawl/sources/network-source.ts';

const schema = z.object({ results: z.array(z.unknown()) });
const nowMs = Date.parse('2026-03-01T12:00:00Z');

function errorOf(response: Partial<ApiResponse>): unknown {
  try {
    readAnswer({ status: 200, headers: {}, body: '', url: 'https://x.test/v1/taxa', ...response }, schema, {
      nowMs,
      what: 'taxa',
    });
    return null;
  } catch (error) {
    return error;
  }
}

const window = {
  error:
    'Result window is too large, page x size must be less than or equal to [10000]. Please narrow your search, or use a ' +
    'sliding window approach with id_above or id_below params.',
  status: 403,
};

describe('readAnswer', () => {
  it('returns a valid answer, including unknown keys', () => {
    const body = '{"results":[1],"new":{"key":2}}';
    expect(readAnswer({ status: 200, headers: {}, body, url: '' }, schema, { nowMs, what: '' })).toEqual({
      results: [1],
    });
  });

  it.each([
    [{ status: 429, headers: { 'retry-after': '90' }, body: '<h1>429</h1>' }, 90_000],
    [{ status: 429, headers: { 'retry-after': 'Sun, 01 Mar 2026 12:01:00 GMT' }, body: '' }, 60_000],
    [{ status: 429, headers: {}, body: '{"error":"x","status":429}' }, null],
    [
      { status: 503, headers: { 'retry-after': '3600' }, body: '{"error":"Down for maintenance","status":503}' },
      3_600_000,
    ],
    [{ status: 500, headers: {}, body: '{"error":"Error","status":500}' }, null],
    [{ status: 502, headers: { 'retry-after': 'soon' }, body: '<html>Bad gateway</html>' }, null],
    [{ status: 408, headers: {}, body: '' }, null],
  ])('retries later for %j', (response, retryAfterMs) => {
    const error = errorOf(response);
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ retryAfterMs });
  });

  it.each([window, { errors: [{ errorCode: '403', message: window.error }], status: '403' }])(
    'treats a result window that is too large as a wrong request, not a ban: %j',
    (body) => {
      const error = errorOf({ status: 403, body: JSON.stringify(body) });
      expect(error).toBeInstanceOf(GiveUpOnItem);
      expect(error).toMatchObject({ code: 'inaturalist-result-window' });
    },
  );

  it.each([
    { status: 403, body: '<html>Your IP is blocked</html>' },
    { status: 403, body: '{"error":"Forbidden","status":403}' },
    { status: 403, body: '' },
    { status: 401, body: '{"error":"Unauthorized","status":401}' },
    { status: 418, body: 'no' },
    { status: 404, body: '<html>Not an API</html>' },
    { status: 302, body: '' },
    { status: 200, body: '<!doctype html><title>Just a moment...</title>' },
  ])('treats %j as a block', (response) => {
    expect(errorOf(response)).toBeInstanceOf(SourceBlocked);
  });

  it.each([
    { status: 422, body: '{"error":"Unknown taxon_id 5","status":422}' },
    { status: 404, body: '{"error":"Not Found","status":404}' },
    { status: 200, body: '{"error":"Unknown taxon_id 5","status":422}' },
    { status: 200, body: '{"status":"422","errors":[{"errorCode":"422","message":"no"}]}' },
  ])('gives up a request that the API refuses: %j', (response) => {
    expect(errorOf(response)).toBeInstanceOf(GiveUpOnItem);
  });

  it.each(['', 'null', '{"results":', '{"results":{}}', '[]', '{}', '"results"', 'Bad Gateway'])(
    'retries later for a body that is not a valid answer: %s',
    (body) => {
      expect(errorOf({ body })).toBeInstanceOf(RetryLater);
    },
  );

  it('quotes the first 200 characters of the answer, and the URL', () => {
    const message = String(errorOf({ status: 403, body: `<b>${'x'.repeat(5000)}` }));
    expect(message).toContain(`HTTP 403 with '<b>${'x'.repeat(197)}`);
    expect(message).toContain('https://x.test/v1/taxa');
    expect(message.length).toBeLessThan(500);
  });
});
