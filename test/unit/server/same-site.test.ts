import { describe, expect, it } from 'vitest';
import { isLoopback, refusalOf, type RequestOrigin } from '../../../src/server/same-site.ts';

const PLAIN: RequestOrigin = {
  method: 'GET',
  host: '127.0.0.1:4310',
  origin: undefined,
  fetchSite: undefined,
  fetchMode: undefined,
  fetchDest: undefined,
};
const refused = (changes: Partial<RequestOrigin>, allowed: readonly string[] = []): boolean =>
  refusalOf({ ...PLAIN, ...changes }, allowed) !== null;

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

describe('the page that a request comes from', () => {
  it.each([
    ['our own', { origin: 'http://127.0.0.1:4310', fetchSite: 'same-origin', fetchMode: 'cors' }, false],
    ['our own, behind a proxy that ends TLS', { origin: 'https://127.0.0.1:4310' }, false],
    ['typed by hand', { fetchSite: 'none', fetchMode: 'navigate' }, false],
    ['a link from elsewhere to a page', { fetchSite: 'cross-site', fetchMode: 'navigate' }, false],
    ['the same, with its purpose', { fetchSite: 'cross-site', fetchMode: 'navigate', fetchDest: 'document' }, false],
    ['a frame elsewhere', { fetchSite: 'cross-site', fetchMode: 'navigate', fetchDest: 'iframe' }, true],
    ['an object elsewhere', { fetchSite: 'cross-site', fetchMode: 'navigate', fetchDest: 'object' }, true],
    [
      'a form elsewhere',
      { method: 'POST', origin: 'https://evil.example', fetchSite: 'cross-site', fetchMode: 'navigate' },
      true,
    ],
    ['a form elsewhere that hides its origin', { method: 'POST', origin: 'null' }, true],
    ['a form of a neighbour on another port', { method: 'POST', origin: 'http://127.0.0.1:9999' }, true],
    ['a picture elsewhere', { fetchSite: 'cross-site', fetchMode: 'no-cors' }, true],
    ['a script of a sister site', { fetchSite: 'same-site', fetchMode: 'cors' }, true],
  ])('%s', (_what, changes, isRefused) => {
    expect(refused(changes)).toBe(isRefused);
  });
});

describe('an address to listen on', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.5', false],
    ['127.0.0.1.example', false],
  ])('%s is of this machine only: %s', (host, isOwn) => {
    expect(isLoopback(host)).toBe(isOwn);
  });
});
