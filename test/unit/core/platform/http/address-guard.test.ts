import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../src/core/kernel/errors.ts';
import { createAddressGuard } from '../../../../../src/core/platform/http/address-guard.ts';
import { Refused } from '../../../../../src/core/platform/http/http-outcome.ts';
import { portOf } from '../../../../../src/core/platform/http/url.ts';

const addresses = (...texts: string[]): { address: string; family: number }[] =>
  texts.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

function isRefused(text: string, allowAddresses: readonly string[] = []): boolean {
  const url = new URL(text);
  return createAddressGuard(allowAddresses).refusalOfHost(url.hostname, portOf(url)) !== null;
}

describe('refusalOfHost', () => {
  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://0177.0.0.01/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://１２７.0.0.1/',
    'http://127。0。0。1/',
    'http://0/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:0001]/',
    'http://[0:0:0:0:0:ffff:7f00:1]/',
    'http://[64:ff9b::10.0.0.1]/',
    'http://user:password@169.254.169.254/latest',
    'https://[fd00:ec2::254]/',
  ])('refuses %s, however it is spelt', (url) => {
    expect(isRefused(url)).toBe(true);
  });

  it.each(['http://8.8.8.8/', 'http://[2606:4700::1]/', 'http://localhost/', 'http://10.example/'])(
    'has nothing against %s before a look-up',
    (url) => {
      expect(isRefused(url)).toBe(false);
    },
  );

  it('names the address and its kind', () => {
    const refused = createAddressGuard([]).refusalOfHost('[::1]', 80);
    expect(refused?.refusal).toEqual({ reason: 'address-refused', detail: '[::1]:80 is not public (loopback)' });
  });

  it.each([
    ['http://127.0.0.1:8080/', '127.0.0.1:8080', false],
    ['http://127.0.0.1:8081/', '127.0.0.1:8080', true],
    ['http://127.0.0.2:8080/', '127.0.0.1:8080', true],
    ['http://127.0.0.1/', '127.0.0.1:80', false],
    ['https://127.0.0.1/', '127.0.0.1:443', false],
    ['https://127.0.0.1/', '127.0.0.1:80', true],
    ['http://10.0.0.5:9999/', '10.0.0.5:*', false],
    ['http://10.0.0.6:9999/', '10.0.0.5:*', true],
    ['http://[::1]:8080/', '[::1]:8080', false],
    ['http://[::1]:8080/', '[0:0::1]:8080', false],
    ['http://2130706433:8080/', '0x7f.1:8080', false],
  ])('asked for %s with %s allowed, refuses: %j', (url, allowed, refuses) => {
    expect(isRefused(url, [allowed])).toBe(refuses);
  });
});

describe('choose', () => {
  const choose = (host: string, found: string[], allowed: string[] = []): string[] | string => {
    const chosen = createAddressGuard(allowed).choose(host, 80, addresses(...found));
    return chosen instanceof Refused ? chosen.refusal.reason : chosen.map(({ address }) => address);
  };

  it('gives all addresses of a public name', () => {
    expect(choose('a.example', ['8.8.8.8', '2606:4700::1'])).toEqual(['8.8.8.8', '2606:4700::1']);
  });

  it('refuses a name with an address that is not public, at any position', () => {
    expect(choose('a.example', ['8.8.8.8', '10.0.0.1'])).toBe('address-refused');
    expect(choose('a.example', ['::1', '8.8.8.8'])).toBe('address-refused');
    expect(choose('a.example', ['fe80::1%eth0'])).toBe('address-refused');
  });

  it('calls a name without addresses unresolved', () => {
    expect(choose('a.example', [])).toBe('dns');
  });

  it('accepts any address of a listed name, with or without a last dot', () => {
    expect(choose('intranet.example', ['10.0.0.1'], ['intranet.example:80'])).toEqual(['10.0.0.1']);
    expect(choose('intranet.example.', ['10.0.0.1'], ['INTRANET.example:80'])).toEqual(['10.0.0.1']);
    expect(choose('intranet.example', ['10.0.0.1'], ['intranet.example:81'])).toBe('address-refused');
    expect(choose('other.intranet.example', ['10.0.0.1'], ['intranet.example:*'])).toBe('address-refused');
  });

  it('uses only the listed addresses of a name that is not listed itself', () => {
    expect(choose('localhost', ['::1', '127.0.0.1'], ['127.0.0.1:80'])).toEqual(['127.0.0.1']);
    expect(choose('localhost', ['::1', '127.0.0.1'], ['[::1]:*'])).toEqual(['::1']);
  });
});

it.each([
  '',
  '127.0.0.1',
  '127.0.0.1:',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1:080',
  ':80',
  '*:80',
  '::1:80',
  'fe80::1',
  'http://127.0.0.1:80',
  '127.0.0.1:80/',
  'user@host:80',
  'a b:80',
  'host:80:80',
  '10.0.0.0/8:80',
  '300.0.0.1:80',
])('createAddressGuard refuses the entry %j', (entry) => {
  expect(() => createAddressGuard([entry])).toThrow(UsageError);
});
