import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pageAddress, pictureAddress, shownAddress } from '../../../../../src/core/crawl/sources/picture-address.ts';

describe('pictureAddress', () => {
  it.each([
    ['https://example.org/1.jpg', 'https://example.org/1.jpg'],
    ['  https://example.org/1.jpg\r\n', 'https://example.org/1.jpg'],
    ['HTTPS://Example.ORG:443/a/../1.jpg', 'https://example.org/1.jpg'],
    ['http://example.org', 'http://example.org/'],
    ['http://example.org:8080/1.jpg?b=2&a=1', 'http://example.org:8080/1.jpg?b=2&a=1'],
    ['https://example.org/1.jpg#top', 'https://example.org/1.jpg'],
    ['https://example.org/1.jpg?#', 'https://example.org/1.jpg?'],
    ['https://example.org/a b/ü.jpg', 'https://example.org/a%20b/%C3%BC.jpg'],
    ['https://müller.example/1.jpg', 'https://xn--mller-kva.example/1.jpg'],
    ['http://2130706433/1.jpg', 'http://127.0.0.1/1.jpg'],
  ])('reads %j as %s, named by its SHA-256', (text, url) => {
    const sourceId = createHash('sha256').update(url).digest('hex').slice(0, 32);
    expect(pictureAddress(text)).toEqual({ url, sourceId, problem: null });
    expect(pictureAddress(url)).toEqual({ url, sourceId, problem: null });
  });

  it('reads umlauts in host names even after thousands of addresses', () => {
    for (let i = 0; i < 30_000; i++) pictureAddress(`https://example.org/${i}.jpg`);
    const read = Array.from({ length: 30_000 }, () => pictureAddress('https://müller.example/1.jpg').url);
    expect(new Set(read)).toEqual(new Set(['https://xn--mller-kva.example/1.jpg']));
  });

  it.each([
    ['ftp://example.org/1.jpg', 'scheme-refused'],
    ['file:///etc/passwd', 'scheme-refused'],
    ['data:image/png;base64,AAAA', 'scheme-refused'],
    ['javascript:alert(1)', 'scheme-refused'],
    ['C:\\photos\\1.jpg', 'scheme-refused'],
    ['https://user@example.org/1.jpg', 'address-refused'],
    ['https://user:hunter2@example.org/1.jpg', 'address-refused'],
    ['', 'unreadable'],
    ['   ', 'unreadable'],
    ['example.org/1.jpg', 'unreadable'],
    ['//example.org/1.jpg', 'unreadable'],
    ['/1.jpg', 'unreadable'],
    ['http://', 'unreadable'],
    ['http://user:hunter2@exa mple.org/1.jpg', 'unreadable'],
    ['http://[::1/1.jpg', 'unreadable'],
    ['http://example.org:99999/1.jpg', 'unreadable'],
    [`https://example.org/${'x'.repeat(9_000)}`, 'unreadable'],
    [`https://${'x'.repeat(300)}.org/1.jpg`, 'unreadable'],
  ])('refuses %j as %s, and shows no password', (text, reason) => {
    const address = pictureAddress(text);
    expect(address).toMatchObject({
      sourceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      problem: { state: 'failed', reason },
    });
    expect(JSON.stringify(address)).not.toContain('hunter2');
    expect(JSON.stringify(address).length).toBeLessThan(600);
  });

  it('gives refused addresses other ids than accepted ones', () => {
    const good = pictureAddress('https://example.org/1.jpg');
    const refused = pictureAddress('https://user@example.org/1.jpg');
    expect(refused.url).toBe(good.url);
    expect(refused.sourceId).not.toBe(good.sourceId);
  });

  it('shows only text that can be stored', () => {
    const { url, problem } = pictureAddress('data:\0\uD800\n\u0007x');
    expect([url, problem?.detail].join(' ')).not.toMatch(/[\p{Cc}\p{Surrogate}]/u);
    expect(pictureAddress('https://example.org/\0\uD800').url).toBe('https://example.org/%00%EF%BF%BD');
  });

  it('reads megabytes in linear time', () => {
    const refused = [
      [`data:${'x'.repeat(5_000_000)}`, 'scheme-refused'],
      [`https://${'a@'.repeat(2_500_000)}`, 'unreadable'],
      ['/'.repeat(5_000_000), 'unreadable'],
    ] as const;
    for (const [text, reason] of refused) {
      expect(pictureAddress(text).problem?.reason).toBe(reason);
    }
  });
});

describe('pageAddress', () => {
  it('keeps an http address unchanged', () => {
    expect(pageAddress(' HTTP://Example.org/a#b ')).toBe('HTTP://Example.org/a#b');
  });

  it('leaves out a user name and password, which exports would publish', () => {
    expect(pageAddress('https://ann:secret@Example.org/a#b')).toBe('https://example.org/a#b');
    expect(pageAddress('https://ann@example.org')).toBe('https://example.org/');
  });

  it.each(['', 'javascript:alert(1)', '//example.org', 'https://', 'see the book', `https://x/${'y'.repeat(9_000)}`])(
    'leaves out %j',
    (page) => {
      expect(pageAddress(page)).toBeNull();
    },
  );
});

it.each([
  ['https://ann:s@cret@mirror.example/a@b?c=@', 'https://***@mirror.example/a@b?c=@'],
  ['https://ann@mirror.example', 'https://***@mirror.example'],
  ['https://mirror.example/a@b', 'https://mirror.example/a@b'],
])('a message shows no user name and password of the address %s', (url, shown) => {
  expect(shownAddress(url)).toBe(shown);
});
