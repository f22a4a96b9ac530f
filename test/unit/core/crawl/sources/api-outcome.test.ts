import { describe, expect, it } from 'vitest';
import { isPassing, quoteBody, tryLater } from '../../../../../src/core/crawl/sources/api-outcome.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('tryLater', () => {
  it('quotes the answer and states how long to wait', () => {
    const response = {
      status: 503,
      headers: { 'retry-after': '5' },
      body: '<html>\n  busy </html>',
      url: 'https://x/',
    };
    expect(tryLater(response, 'Flickr', NOW_MS)).toMatchObject({
      code: 'http-5xx',
      retryAfterMs: 5_000,
      message: "Expected an answer from Flickr but received HTTP 503 with '<html> busy </html>'",
    });
  });

  it('treats statuses that do not blame the request as temporary', () => {
    expect([408, 425, 429, 500, 503, 599].filter(isPassing).length).toBe(6);
    expect([200, 301, 400, 403, 404, 418].filter(isPassing)).toEqual([]);
  });
});

describe('quoteBody', () => {
  it.each([
    ['', "''"],
    ['a\r\n\tb', "'a b'"],
    ['x'.repeat(200), `'${'x'.repeat(200)}'`],
    ['x'.repeat(201), `'${'x'.repeat(200)}...'`],
    [`${'x'.repeat(199)}🦊y`, `'${'x'.repeat(199)}...'`],
    ['a\0\u0007\uD800b', "'a \u{FFFD}b'"],
  ])('quotes %j on one line', (body, quoted) => {
    expect(quoteBody(body)).toBe(quoted);
  });

  it('marks text that was cut after a run of blanks', () => {
    expect(quoteBody(`a${' '.repeat(10_000)}b`)).toBe("'a...'");
  });
});
