import { renderToStaticMarkup } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { Bar } from '../../../../src/core/page/bar.tsx';
import { FunnelBars } from '../../../../src/core/page/funnel.tsx';
import { Link, toHttpUrl } from '../../../../src/core/page/link.tsx';

describe('toHttpUrl', () => {
  it.each([
    ['https://example.org/a b?c="d"&e', 'https://example.org/a%20b?c=%22d%22&e'],
    ['HTTP://EXAMPLE.org', 'http://example.org/'],
    ['https://www.flickr.com@evil.example/', 'https://evil.example/'],
    ['https://user:secret@example.org/x', 'https://example.org/x'],
  ])('accepts %s', (text, url) => {
    expect(toHttpUrl(text)).toBe(url);
  });

  it.each([
    'javascript:alert(1)',
    ' \u0001JaVa\tScRiPt:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'ftp://example.org/',
    '//example.org/x',
    '/photos/1',
    'CC-BY-4.0',
    'https://',
    '',
  ])('refuses %j', (text) => {
    expect(toHttpUrl(text)).toBeNull();
  });
});

describe('Link', () => {
  it('escapes the address and the text', () => {
    expect(renderToStaticMarkup(<Link url={`https://example.org/?a='&b"`}>{'<b>'}</Link>)).toBe(
      `<a href="https://example.org/?a=%27&amp;b%22" rel="noopener noreferrer">&lt;b></a>`,
    );
  });

  it('shows the text alone if the address is not http or https', () => {
    expect(renderToStaticMarkup(<Link url="javascript:alert(1)">photo</Link>)).toBe('photo');
    expect(renderToStaticMarkup(<Link url={null}>photo</Link>)).toBe('photo');
  });
});

it('FunnelBars draws bars on the scale of the widest stage, and names the share of the stage before', () => {
  const html = renderToStaticMarkup(
    <FunnelBars
      stages={[
        { name: 'found', count: 200 },
        { name: 'fetched', count: 50 },
      ]}
    />,
  );
  expect([...html.matchAll(/class="fill" width="([\d.]+)"/g)].map(([, width]) => width)).toEqual(['100.00', '25.00']);
  expect(html).toContain('25.0 % of found');
});

it('Bar keeps a ratio beyond 0 and 1 within its track', () => {
  expect(renderToStaticMarkup(<Bar kind="funnel" ratio={7} />)).toContain('width="100.00"');
  expect(renderToStaticMarkup(<Bar kind="funnel" ratio={-1} />)).toContain('width="0.00"');
});
