import { describe, expect, it } from 'vitest';
import { isLoopback, ownPath, refusalOf, type RequestOrigin } from '../../../../../src/web/server/access/same-site.ts';

type Headers = RequestOrigin['headers'];

const refused = (
  { method = 'GET', ...headers }: Headers & { readonly method?: string },
  allowed: readonly string[] = [],
  protocol: string | null = null,
): boolean => refusalOf({ method, protocol, headers: { host: '127.0.0.1:4310', ...headers } }, allowed) !== null;

describe('the host that a request names', () => {
  it.each(['127.0.0.1:4310', 'localhost', 'LOCALHOST:80', '[::1]:4310', '192.168.1.5:4310'])('may be %s', (host) => {
    expect(refused({ host })).toBe(false);
  });

  it.each([
    'evil.example:4310',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    '',
    'a b',
  ])('may not be %s, as with DNS rebinding', (host) => {
    expect(refused({ host })).toBe(true);
  });

  it('may be a name that is allowed, on any port', () => {
    expect(refused({ host: 'Winnow.lab.example:8443' }, ['winnow.lab.example'])).toBe(false);
  });

  it('is needed', () => {
    expect(refused({ host: undefined })).toBe(true);
  });
});

it.each([
  ['our own', { origin: 'http://127.0.0.1:4310', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, false],
  ['our own, behind a proxy that ends TLS', { origin: 'https://127.0.0.1:4310' }, false],
  ['typed by hand', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, false],
  ['a link from elsewhere to a page', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, false],
  [
    'the same, with its purpose',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    false,
  ],
  [
    'a frame elsewhere',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    true,
  ],
  [
    'an object elsewhere',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object' },
    true,
  ],
  [
    'a form elsewhere',
    { method: 'POST', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    true,
  ],
  ['a form elsewhere that hides its origin', { method: 'POST', origin: 'null' }, true],
  ['a form of a neighbour on another port', { method: 'POST', origin: 'http://127.0.0.1:9999' }, true],
  ['a picture elsewhere', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, true],
  ['a script of a sister site', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, true],
])('the page that a request comes from: %s', (_what, changes, isRefused) => {
  expect(refused(changes)).toBe(isRefused);
});

it.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.5', false],
  ['127.0.0.1.example', false],
])('an address to listen on %s is of this machine only: %s', (host, isOwn) => {
  expect(isLoopback(host)).toBe(isOwn);
});

it('a page of this server over plain http is another page if the proxy says that the request came over TLS', () => {
  const page = { origin: 'http://127.0.0.1:4310' };
  expect([refused(page, [], 'http'), refused(page, [], 'https')]).toEqual([false, true]);
  expect(refused({ origin: 'https://127.0.0.1:4310' }, [], 'https')).toBe(false);
});

it.each([
  ['/c/demo/review/grid?state=open&as=n01', '/c/demo/review/grid?state=open&as=n01'],
  ['/c/l%C3%A4nder/', '/c/l%C3%A4nder/'],
  ['/c/länder/', '/c/l%C3%A4nder/'],
  ['/a\r\nSet-Cookie: a=b', '/aSet-Cookie:%20a=b'],
  ['', '/'],
  ['//evil.example/', '/'],
  ['/\\evil.example/', '/'],
  ['/\t/evil.example/', '/'],
  ['/.//evil.example/', '/'],
  ['/a/..//evil.example/', '/'],
  ['https://evil.example/', '/'],
  ['javascript:alert(1)', '/'],
  ['evil', '/'],
  ['/login?to=/login', '/'],
])('the page to go to after a log-in with %j is %s', (address, own) => {
  expect(ownPath(address)).toBe(own);
});
