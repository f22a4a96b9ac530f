import { type Sha256 } from '../../kernel/ids.ts';
import { sha256Of } from '../../tools/sha256.ts';
import type { Protocol } from '../protocol.ts';

/**
 * The id of a revision: the SHA-256 of its protocol without the id, as JSON with sorted keys and no blanks. The protocol has
 * the hashes of the tables that name every photo, so two revisions with the same id are equal.
 */
export function idOf(protocol: Omit<Protocol, 'id'>): Sha256 {
  const { id: _id, ...rest } = { id: null, ...protocol };
  return sha256Of(JSON.stringify(withSortedKeys(rest)));
}

function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, withSortedKeys(item)]));
}

const SHOWN_DIGITS = 12;

export const shortId = (id: string): string => id.slice(0, SHOWN_DIGITS);

/** `p` and 16 hex digits. It begins with a letter, because tables of nothing but digits are read as numbers. */
export const photoId = (original: string): string => `p${original.slice(0, 16)}`;
