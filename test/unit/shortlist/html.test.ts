import { describe, expect, it } from 'vitest';
import { html, link, toHttpUrl, trustedHtml } from '../../../src/shortlist/html.ts';

describe('html', () => {
  it('escapes texts for elements and for quoted attributes', () => {
    const text = `<script>alert("x")</script> & 'y'`;
    expect(html`<p title="${text}">${text}</p>`.toString()).toBe(
      '<p title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;">' +
        '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;</p>',
    );
  });

  it('inserts markup as it is, lists joined, null as nothing, numbers in digits', () => {
    const items = ['a<', 'b'].map((text) => html`<i>${text}</i>`);
    const page = html`<b>${items}</b>${null}${0.5}${trustedHtml('<br>')}`;
    expect(page.toString()).toBe('<b><i>a&lt;</i><i>b</i></b>0.5<br>');
  });

  it('escapes once, however deep the nesting', () => {
    const inner = html`<b>${'&'}</b>`;
    expect(html`${[[html`${inner}`], '&']}`.toString()).toBe('<b>&amp;</b>&amp;');
  });

  it('keeps any script and emoji as they are', () => {
    const text = 'مصور 山田太郎 👩‍🔬 \u202e';
    expect(html`${text}`.toString()).toBe(text);
  });
});

describe('toHttpUrl', () => {
  it.each([
    ['https://example.org/a b?c="d"&e', 'https://example.org/a%20b?c=%22d%22&e'],
    ['HTTP://EXAMPLE.org', 'http://example.org/'],
    ['https://www.flickr.com@evil.example/', 'https://evil.example/'],
    ['https://user:secret@example.org/x', 'https://example.org/x'],
  ])('takes %s', (text, url) => {
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

describe('link', () => {
  it('escapes the address and the text', () => {
    expect(link("https://example.org/?a='&b", '<b>').toString()).toBe(
      '<a href="https://example.org/?a=%27&amp;b" rel="noopener noreferrer">&lt;b&gt;</a>',
    );
  });

  it('leaves the text alone where the address is none of the web', () => {
    expect(link('javascript:alert(1)', 'photo').toString()).toBe('photo');
    expect(link(null, 'photo').toString()).toBe('photo');
  });
});
