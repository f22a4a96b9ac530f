import * as z from 'zod';
import { isSha256 } from '../core/kernel/ids.ts';

/** The newest form of snapshot files that this version reads and writes. */
export const FORMAT = 1;

/** Tables that no backup has: the sessions of browsers, and the key that signs them. A new key is made when it is missing. */
export const SECRET_TABLES = ['session_key', 'session'];

const sha256 = z.string().refine(isSha256);
const count = z.int().nonnegative();

/** A piece of a list of rows: PostgreSQL's text form, some MB at a time, stored as gzip. */
const portionSchema = z.object({
  /** Hash of the text. */
  sha256,
  /** Hash, and name, of the gzip file. */
  file: sha256,
  /** Size of the gzip file. */
  bytes: count,
});
export type Portion = Readonly<z.infer<typeof portionSchema>>;

const tableSchema = z.object({
  name: z.string(),
  columns: z.array(z.string()),
  rows: count,
  numbers: z.object({ lastValue: count, isCalled: z.boolean() }).nullable(),
  portions: z.array(portionSchema),
});
export type TableCopy = Readonly<z.infer<typeof tableSchema>>;

/** One file `snapshots/<id>.json`: a catalogue at one moment, and the photos whose bytes belong to it. */
export const snapshotSchema = z.object({
  format: z.literal(FORMAT),
  /** `at` as the name of the file. */
  id: z.string().regex(/^[0-9TZ-]+$/),
  /** In the database's time, but always after the snapshot before, so that snapshots sort as they were made. */
  at: z.iso.datetime(),
  winnow: z.string(),
  postgres: z.string(),
  /** The database that was read: see `identityOf`. */
  source: z.string(),
  migrations: z.array(z.string()).min(1),
  /** Each after the tables that it refers to. */
  tables: z.array(tableSchema),
  /** The photos that had their bytes, sorted by hash: lines of the hash and the number of bytes. */
  photos: z.object({ rows: count, bytes: count, portions: z.array(portionSchema) }),
  /** Listed photos whose bytes are not in the backup, although the catalogue has them as stored. */
  without: z.object({
    /** Their bytes were pruned while the backup was made. */
    pruned: z.array(sha256),
    /** Their bytes were missing, wrong or unreadable. */
    lost: z.array(sha256),
  }),
});
export type Snapshot = Readonly<z.infer<typeof snapshotSchema>>;

export function portionsOf({ tables, photos }: Snapshot): Portion[] {
  return [...tables, photos].flatMap(({ portions }) => portions);
}

export const takedownsSchema = z.array(
  z
    .object({
      sha256: sha256.nullable(),
      source: z.string().nullable(),
      sourceId: z.string().nullable(),
      url: z.string().nullable(),
      reason: z.string(),
      at: z.iso.datetime(),
    })
    .refine(
      ({ sha256: hash, source, sourceId, url }) => hash ?? url ?? (source !== null && sourceId),
      'names no photo',
    ),
);
export type Takedown = Readonly<z.infer<typeof takedownsSchema>[number]>;

/** The takedowns of both lists, each target once, the oldest first. */
export function mergeTakedowns(one: readonly Takedown[], other: readonly Takedown[]): Takedown[] {
  const byTarget = new Map<string, Takedown>();
  for (const takedown of [...one, ...other].toSorted((a, b) => a.at.localeCompare(b.at))) {
    const key = targetKey(takedown);
    if (!byTarget.has(key)) byTarget.set(key, takedown);
  }
  return [...byTarget.values()];
}

/** Equal for takedowns of the same photo, URL or place. */
export function targetKey({ sha256: hash, source, sourceId, url }: Takedown): string {
  return JSON.stringify([hash, source, sourceId, url]);
}

/** `2026-11-27T04-16-00-123Z`: the id of a snapshot, which sorts by time and can be a file's name everywhere. */
export function snapshotId(at: string): string {
  return at.replaceAll(/[:.]/g, '-');
}
