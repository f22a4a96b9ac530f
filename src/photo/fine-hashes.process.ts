import type { Kysely } from 'kysely';
import pLimit from 'p-limit';
import { LostBytes } from '../kernel/blobs.ts';
import { toSha256, type Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import { parseFineHash, type FineHash } from './fine-hash.ts';
import type { Inspection, InspectionLimits } from './inspection.ts';
import { readFineHashes, storeFineHashes } from './photo.repository.ts';

export interface FineHashDeps {
  readonly blobs: { read(sha256: Sha256): Promise<Buffer> };
  readonly inspect: (bytes: Buffer, limits: InspectionLimits) => Promise<Inspection>;
}

/**
 * Finer hashes by SHA-256 in hex. Photos of older catalogues whose bytes cannot be read are missing, because nothing
 * can confirm their matches.
 */
export type FineHashes = ReadonlyMap<string, FineHash>;

/** Photos read and decoded in parallel. */
const PHOTOS_AT_ONCE = 4;
/** Photos whose hashes one statement stores. If the process dies, at most these are lost. */
const PHOTOS_PER_STATEMENT = 32;
/** No limits apply: the photo was accepted when it was fetched, maybe under other limits. */
const NO_LIMITS: InspectionLimits = {
  maxPixels: Number.POSITIVE_INFINITY,
  minSidePixels: 1,
  maxAspectRatio: Number.POSITIVE_INFINITY,
};

/**
 * The finer hashes of some photos. For photos that were stored before finer hashes existed, they are computed from the
 * bytes and stored in the catalogue.
 *
 * @param db not a transaction: reading bytes takes time, in which no photo's row may stay locked
 */
export async function fineHashesOf(
  db: Kysely<Database>,
  sha256s: readonly string[],
  deps: FineHashDeps,
): Promise<FineHashes> {
  if (sha256s.length === 0) return new Map();
  const { known, computable } = await readFineHashes(db, sha256s);
  const limit = pLimit(PHOTOS_AT_ONCE);
  for (let i = 0; i < computable.length; i += PHOTOS_PER_STATEMENT) {
    const computed = await limit.map(computable.slice(i, i + PHOTOS_PER_STATEMENT), async (sha256) => ({
      sha256,
      fineHash: await fromBytes(toSha256(sha256), deps),
    }));
    const readable = computed.flatMap(({ sha256, fineHash }) => (fineHash === null ? [] : [{ sha256, fineHash }]));
    await storeFineHashes(db, readable);
    for (const { sha256, fineHash } of readable) known.set(sha256, parseFineHash(Buffer.from(fineHash, 'hex')));
  }
  return known;
}

/** Null if the bytes are lost or cannot be decoded. `winnow doctor --deep` reports such photos. */
async function fromBytes(sha256: Sha256, { blobs, inspect }: FineHashDeps): Promise<string | null> {
  let bytes: Buffer;
  try {
    bytes = await blobs.read(sha256);
  } catch (error) {
    if (!(error instanceof LostBytes)) throw error;
    return null;
  }
  const inspection = await inspect(bytes, NO_LIMITS);
  return inspection.ok ? inspection.fineHash : null;
}
