/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';

/** A link if the URL is http(s), else the children alone. */
export function Link({ url, children }: { readonly url: string | null; readonly children: ComponentChildren }) {
  const href = toHttpUrl(url);
  if (href === null) return <>{children}</>;
  return (
    <a href={href} rel="noopener noreferrer">
      {children}
    </a>
  );
}

/**
 * Null for anything but http and https. User name and password are removed: they could make a foreign host look
 * familiar. Judged after parsing, because browsers ignore blanks and tabs in `java\tscript:`.
 */
export function toHttpUrl(text: string | null): string | null {
  const url = text === null ? null : URL.parse(text);
  if (url === null) return null;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  url.username = '';
  url.password = '';
  return url.href;
}
