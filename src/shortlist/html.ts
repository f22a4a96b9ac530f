/** Markup that is safe to insert as it stands. Only `html` and `trustedHtml` make it. */
export class Html {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** What a template takes: markup as it is, text escaped, null as nothing, lists joined without a separator. */
export type HtmlPart = Html | string | number | null | readonly HtmlPart[];

/** Builds markup. Every inserted text is escaped, for elements and for attributes in quotes; write all attributes in quotes. */
export function html(literals: TemplateStringsArray, ...parts: HtmlPart[]): Html {
  return new Html(literals.map((literal, i) => literal + render(parts[i] ?? null)).join(''));
}

/** Takes a text for markup unseen: for our own constants and for alphabets without markup characters, such as base64. */
export function trustedHtml(text: string): Html {
  return new Html(text);
}

/** A link if the URL is http(s), else the text alone. */
export function link(url: string | null, text: HtmlPart): Html {
  const href = toHttpUrl(url);
  return href === null ? html`${text}` : html`<a href="${href}" rel="noopener noreferrer">${text}</a>`;
}

/**
 * The URL as the parser writes it, without user name and password (they could make a foreign host look familiar), or
 * null for anything but http and https. Judged after parsing because browsers ignore blanks and tabs in `java\tscript:`.
 */
export function toHttpUrl(text: string | null): string | null {
  const url = text === null ? null : URL.parse(text);
  if (url === null) return null;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  url.username = '';
  url.password = '';
  return url.href;
}

function render(part: HtmlPart): string {
  if (part === null) return '';
  if (part instanceof Html) return part.toString();
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  return part.map(render).join('');
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

function escapeText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES.get(character) ?? character);
}
