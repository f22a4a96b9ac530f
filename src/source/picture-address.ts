import { createHash } from 'node:crypto';
import type { PhotoProblem } from './source.ts';
import { shortText, storableText } from './text.ts';

/** Where a picture is, as a list or a search engine names it, checked before anything is sent there. */
export interface PictureAddress {
  /** Normalised, without a fragment, if there is no problem; or else what can be shown of the text. */
  readonly url: string;
  /**
   * Names the picture where its source has no id for it: the first 32 hex digits of the SHA-256 of `url`. Addresses
   * themselves can be longer than what PostgreSQL indexes (some 2,700 bytes), and 128 bits do not collide.
   */
  readonly sourceId: string;
  readonly problem: PhotoProblem | null;
}

/** Longer ones are data in disguise; servers accept some 8,000 characters (RFC 9110, 4.1). */
const LONGEST_URL = 8_192;
/** Longer ones are in no DNS (RFC 1035, 2.3.4), but pass for URLs. */
const LONGEST_HOST = 253;
const SHOWN_CHARACTERS = 100;

/**
 * Reads the address of a picture and normalises it (WHATWG URL: case, default port, dot segments, escapes), so that two
 * spellings of one address are one picture. Fragments are never sent and are dropped.
 *
 * Problems: `scheme-refused` for anything but http and https; `address-refused` for a user name or password in it, which
 * would end up in exports; `unreadable` for what is no absolute address.
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

/** The first 32 hex digits of the SHA-256 of a text: see `PictureAddress.sourceId`. */
export function pictureId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Without what may be a password, also where it is no address. */
function shown(text: string): string {
  return shortText(text.slice(0, LONGEST_URL).replace(/\/\/[^/]*@/, '//'), SHOWN_CHARACTERS);
}

function quoted(text: string): string {
  return `'${shown(text)}'`;
}

/** A page that shows a picture, for people: as given if it is an http(s) address, or else null, as it is shown as a link. */
export function pageAddress(text: string): string | null {
  const page = storableText(text);
  return /^https?:\/\//i.test(page) && page.length <= LONGEST_URL && URL.parse(page) !== null ? page : null;
}
