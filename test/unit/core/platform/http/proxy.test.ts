import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../src/core/kernel/errors.ts';
import { createProxies, proxyAuthorization } from '../../../../../src/core/platform/http/proxy.ts';

const NONE = { httpsProxy: null, httpProxy: null, noProxy: null };

describe('createProxies', () => {
  it('accepts URLs, and host:port as curl does', () => {
    const proxies = createProxies({ ...NONE, httpsProxy: 'proxy.example:3128', httpProxy: ' https://proxy.example ' });
    expect(proxies.forHttps?.href).toBe('http://proxy.example:3128/');
    expect(proxies.forHttp?.href).toBe('https://proxy.example/');
  });

  it('treats an empty value as absent', () => {
    expect(createProxies({ ...NONE, httpsProxy: '', httpProxy: '  ' })).toMatchObject({
      forHttps: null,
      forHttp: null,
    });
  });

  it.each(['socks5://proxy.example:1080', 'http://', 'http://a b'])('refuses %j without quoting it', (httpsProxy) => {
    expect(() => createProxies({ ...NONE, httpsProxy })).toThrow(UsageError);
    expect(() => createProxies({ ...NONE, httpsProxy: 'socks5://me:secret@proxy.example' })).not.toThrow(/secret/);
  });

  it.each([
    ['https://a.example/', 'a.example', true],
    ['https://b.a.example/', 'a.example', true],
    ['https://b.a.example/', '.a.example', true],
    ['https://b.a.example/', '*.a.example', true],
    ['https://aa.example/', 'a.example', false],
    ['https://a.example/', 'A.EXAMPLE', true],
    ['https://a.example/', 'x.example, a.example', true],
    ['https://a.example/', 'x.example a.example', true],
    ['https://a.example/', 'a.example:443', true],
    ['https://a.example/', 'a.example:80', false],
    ['http://127.0.0.1:8080/', '127.0.0.1', true],
    ['http://[::1]:8080/', '::1', true],
    ['http://[::1]:8080/', '[::1]:8080', true],
    ['http://[::1]:8080/', '[::1]:81', false],
    ['https://a.example/', '*', true],
    ['https://a.example/', '', false],
    ['https://a.example/', ',', false],
  ])('reaches %s with NO_PROXY=%s directly: %j', (url, noProxy, isException) => {
    expect(createProxies({ ...NONE, noProxy }).isException(new URL(url))).toBe(isException);
  });
});

describe('proxyAuthorization', () => {
  it('unescapes the credentials of the URL', () => {
    const expected = `Basic ${Buffer.from('me:p@ss%').toString('base64')}`;
    expect(proxyAuthorization(new URL('http://me:p%40ss%25@proxy.example'))).toEqual({
      'proxy-authorization': expected,
    });
  });

  it('keeps a lone % unchanged, and returns nothing without credentials', () => {
    expect(proxyAuthorization(new URL('http://me:%@proxy.example'))).toEqual({
      'proxy-authorization': `Basic ${Buffer.from('me:%').toString('base64')}`,
    });
    expect(proxyAuthorization(new URL('http://proxy.example'))).toEqual({});
  });
});
