import { sha256Of } from '../../tools/sha256.ts';
import type { PhotoProblem } from '../../kernel/reasons.ts';
import { shortText, storableText } from './text.ts';

export interface PictureAddress {
  /** The normalised address without a fragment. If there is a problem, the part of the text that can be shown. */
  readonly url: string;
  /** An id if the source has none: 32 hex digits of the SHA-256 of `url`. Some addresses are longer than PostgreSQL can index. */
  readonly sourceId: string;
  readonly problem: PhotoProblem | null;
}

/** The longest address. Servers accept some 8,000 characters (RFC 9110, 4.1). */
const LONGEST_URL = 8_192;
/** The longest host name in the DNS (RFC 1035, 2.3.4). URL parsers accept longer ones. */
const LONGEST_HOST = 253;
const SHOWN_CHARACTERS = 100;

/**
 * Normalises the address (WHATWG URL), so that two spellings of it are one picture. Fragments are dropped.
 *
 * Problems: `scheme-refused` for schemes other than http and https; `address-refused` for an address with a user name or
 * password, which would appear in exports; `unreadable` for anything that is not an absolute address.
 */
export function pictureAddress(text: string): PictureAddress {
  const given = text.trim();
  const scheme = /^[a-z][a-z\d+.-]*:/i.exec(given)?.[0]?.toLowerCase() ?? null;
  if (given === '') return refused(given, 'unreadable', 'expected the address of a picture but received nothing');
  if (scheme !== null && scheme !== 'http:' && scheme !== 'https:') {
    return refused(given, 'scheme-refused', `expected an http or https address but received ${quoted(given)}`);
  }
  if (given.length > LONGEST_URL) {
    const received = `${given.length} characters, beginning ${quoted(given)}`;
    return refused(
      given,
      'unreadable',
      `expected an address of at most ${LONGEST_URL} characters but received ${received}`,
    );
  }
  const url = scheme === null ? null : URL.parse(given);
  if (url === null) {
    const example = 'such as https://example.org/1.jpg';
    return refused(given, 'unreadable', `expected an absolute address ${example} but received ${quoted(given)}`);
  }
  return accepted(url, given);
}

function accepted(url: URL, given: string): PictureAddress {
  if (url.hostname.length > LONGEST_HOST) {
    const detail = `expected a host of at most ${LONGEST_HOST} characters but received ${quoted(given)}`;
    return refused(given, 'unreadable', detail);
  }
  const hasCredentials = url.username !== '' || url.password !== '';
  url.hash = '';
  url.username = '';
  url.password = '';
  if (!hasCredentials) return { url: url.href, sourceId: pictureId(url.href), problem: null };
  const detail = `expected an address without user name and password but received one for ${quoted(url.host)}`;
  return { ...refused(given, 'address-refused', detail), url: url.href };
}

function refused(
  given: string,
  reason: 'unreadable' | 'scheme-refused' | 'address-refused',
  detail: string,
): PictureAddress {
  return { url: shown(given), sourceId: pictureId(given), problem: { state: 'failed', reason, detail } };
}

export function shownAddress(url: string): string {
  return url.replace(/(\/\/)[^/?#]*@/, '$1***@');
}

export function pictureId(text: string): string {
  return sha256Of(text).slice(0, 32);
}

/** Removes a possible password from a text, even if the text is not an address. */
function shown(text: string): string {
  return shortText(text.slice(0, LONGEST_URL).replace(/\/\/[^/]*@/, '//'), SHOWN_CHARACTERS);
}

function quoted(text: string): string {
  return `'${shown(text)}'`;
}

/** Null unless http(s), because it is shown as a link. A user name and password are left out, because exports publish it. */
export function pageAddress(text: string): string | null {
  const page = storableText(text);
  const url = /^https?:\/\//i.test(page) && page.length <= LONGEST_URL ? URL.parse(page) : null;
  if (url === null) return null;
  if (url.username === '' && url.password === '') return page;
  url.username = '';
  url.password = '';
  return url.href;
}
