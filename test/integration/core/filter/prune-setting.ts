import type { Kysely } from 'kysely';
import type { PruneDeps } from '../../../../src/core/filter/prune/prune.process.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import type { Database } from '../../../../src/core/platform/postgres/database.ts';
import { candidate, collection, fetched, photo } from '../../../support/catalogue-fixtures.ts';

export const EVERYTHING = { from: 0, before: 1_000 };

/** A collection as winnow records it, so that other collections know what it takes. */
export async function recorded(
  db: Kysely<Database>,
  name: string,
  changes: Partial<DecisionScope> = {},
): Promise<DecisionScope> {
  const scope = await collection(db, name, changes);
  await record(db, scope);
  return scope;
}

async function record(db: Kysely<Database>, { collectionId, wnids, licences }: DecisionScope): Promise<void> {
  const definition = JSON.stringify({ mode: 'A', classes: wnids, licences });
  await db.updateTable('collection').set({ definition }).where('id', '=', collectionId).execute();
}

export class Disk {
  readonly #sizes = new Map<Sha256, number>();

  async put(sha256: Sha256, bytes: Buffer): Promise<void> {
    this.#sizes.set(sha256, bytes.length);
  }

  async remove(sha256: Sha256): Promise<void> {
    this.#sizes.delete(sha256);
  }

  async sizeOf(sha256: Sha256): Promise<number | null> {
    return this.#sizes.get(sha256) ?? null;
  }

  has(name: string): boolean {
    return this.#sizes.has(photo(name).sha256);
  }

  depsOf(db: Kysely<Database>, scope: DecisionScope): PruneDeps {
    return { db, scope, remove: (sha256) => this.remove(sha256), sizeOf: (sha256) => this.sizeOf(sha256) };
  }
}

export async function onDisk(
  { db, disk }: { db: Kysely<Database>; disk: Disk },
  name: string,
  wnids: readonly string[] = ['n01'],
): Promise<number> {
  const { sha256, bytes } = photo(name);
  await disk.put(sha256, Buffer.alloc(bytes));
  return fetched(
    db,
    wnids.map((wnid) => candidate(name, { wnid })),
    name,
  );
}

export async function bytesStates(db: Kysely<Database>): Promise<string[]> {
  const rows = await db.selectFrom('photo').select('bytes_state').orderBy('id').execute();
  return rows.map((row) => row.bytes_state);
}
