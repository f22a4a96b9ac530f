import { describe, expect, it } from 'vitest';
import { refusedRangeOf } from '../../../../../src/core/platform/http/address-ranges.ts';

const REFUSED: readonly (readonly [range: string, ...addresses: string[]])[] = [
  ['unspecified', '0.0.0.0', '0.255.255.255', '::', '::ffff:0.0.0.0'],
  ['loopback', '127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ['loopback', '64:ff9b::127.0.0.1', '64:ff9b::7fff:ffff'],
  ['private', '10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255'],
  ['private', '::ffff:10.1.2.3', '::FFFF:C0A8:0001', '64:ff9b::10.0.0.1', '64:ff9b::ac10:1'],
  ['link-local', '169.254.0.1', '169.254.255.255', 'fe80::1', 'febf:ffff::1', 'fe80::1%eth0', 'fec0::1'],
  ['cloud metadata', '169.254.169.254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254'],
  ['cloud metadata', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
  ['unique-local', 'fc00::', 'fd12:3456::1', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['carrier-grade NAT', '100.64.0.0', '100.127.255.255'],
  ['benchmarking', '198.18.0.0', '198.19.255.255'],
  ['documentation', '192.0.2.1', '198.51.100.1', '203.0.113.255', '2001:db8::1', '3fff:0fff::1'],
  ['protocol assignment', '192.0.0.1', '192.88.99.1', '2001::1', '2001:2::1', '2001:1ff:ffff::1'],
  ['multicast', '224.0.0.1', '239.255.255.255', 'ff02::1'],
  ['reserved', '240.0.0.1', '255.255.255.254'],
  ['broadcast', '255.255.255.255'],
  ['6to4', '2002:7f00:1::1', '2002:a00:1::1', '2002:808:808::1'],
  // IPv4-compatible, IPv4-translated, local NAT64, discard-only, segment routing, and whatever is not assigned.
  [
    'reserved',
    '::127.0.0.1',
    '::ffff:0:127.0.0.1',
    '64:ff9b:1::1',
    '100::1',
    '5f00::1',
    '4000::1',
    'a000::1',
    'fe00::1',
  ],
];

const PUBLIC = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2000::1',
  '2001:200::1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80b::200e',
  '3ffe::1',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
];

describe('refusedRangeOf', () => {
  const cases = REFUSED.flatMap(([range, ...addresses]) => addresses.map((address) => [address, range] as const));

  it.each(cases)('refuses %s as %s', (address, range) => {
    expect(refusedRangeOf(address)).toBe(range);
  });

  it.each(PUBLIC)('lets %s through', (address) => {
    expect(refusedRangeOf(address)).toBeNull();
  });

  it.each(['', 'localhost', '127.1', '2130706433', '0x7f.0.0.1', '1.2.3.4.5', '[::1]', ' 8.8.8.8', '8.8.8.8\n'])(
    'refuses %j, which is not an address in the form of a resolver',
    (text) => {
      expect(refusedRangeOf(text)).toBe('not an IP address');
    },
  );
});
