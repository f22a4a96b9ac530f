import { describe, expect, it } from 'vitest';
import { proxyTest } from '../../../../../src/web/server/access/trusted-proxies.ts';

describe('a trusted proxy', () => {
  const isProxy = proxyTest(['10.0.0.5', '172.16.0.0/12', '::1', 'fd00::/8']);

  it.each(['10.0.0.5', '::ffff:10.0.0.5', '172.17.0.1', '::ffff:172.17.0.1', '::1', 'fd12:3456::5'])(
    'may be %s',
    (address) => {
      expect(isProxy(address)).toBe(true);
    },
  );

  it.each(['10.0.0.6', '::ffff:10.0.0.6', '172.32.0.1', '::2', 'fe80::1', '10.0.0.5:80', 'unknown', ''])(
    'is not %j',
    (address) => {
      expect(isProxy(address)).toBe(false);
    },
  );

  it('is nobody if none is listed', () => {
    expect(proxyTest([])('127.0.0.1')).toBe(false);
  });
});
