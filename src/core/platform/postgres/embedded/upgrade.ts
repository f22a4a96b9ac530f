import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, cp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StopTheRun, UsageError } from '../../../kernel/errors.ts';
import { syncFolder } from '../../disk/folders.ts';
import type { Lease, LeaseLog } from '../lease.ts';
import { migrate, openPool } from '../open-database.ts';
import { KNOWN_SCHEMA, type SchemaState } from '../schema.ts';
import { programFailure } from './failures.ts';
import type { Layout } from './layout.ts';
import { chownTree, openPrograms } from './programs.ts';
import { stopServer } from './server.ts';

export interface Upgrade {
  readonly fromSchema: number;
  readonly toSchema: number;
  /** Folder of the cluster's copy from before the upgrade. */
  readonly copy: string;
}

/** Number of copies to keep: those of the newest schemas. */
const COPIES_KEPT = 2;
const COPY = /^cluster\.schema-(\d+)$/;
/** Writing 100 GB to a slow disk takes this long. */
const SYNC_LIMIT_MS = 3_600_000;

/*
 * Upgrades an older catalogue. The caller holds the lock, so no process can attach before the end. Attached processes know only
 * the older schema, so the upgrade is refused while there are any. The files of the stopped server can be copied as they are.
 * If the copy or a migration fails, the catalogue stays as it was.
 */

/**
 * Stops the server of an older catalogue, and closes the lease.
 *
 * @throws UsageError `schema-in-use`, and then the lease must still be given up; StopTheRun `postgres-does-not-stop`
 */
export async function stopAlone(layout: Layout, lease: Lease, state: SchemaState): Promise<void> {
  const others = await lease.others();
  if (others.length > 0 || !(await lease.giveUp())) throw inUse(state, others);
  if (!(await stopServer(layout)))
    throw new StopTheRun(
      `Expected the embedded PostgreSQL in '${layout.root}' to stop but it still runs. Run the command again.`,
      { code: 'postgres-does-not-stop' },
    );
  await lease.close();
}

export async function copyBeforeUpgrade(layout: Layout, { schema }: SchemaState, log: LeaseLog): Promise<Upgrade> {
  const copy = join(layout.root, `cluster.schema-${schema}`);
  const upgrade = { fromSchema: schema, toSchema: KNOWN_SCHEMA, copy };
  log.info({}, `the catalogue has schema ${schema} and is brought to ${KNOWN_SCHEMA}, after a copy to '${copy}'`);
  await copyCluster(layout, copy);
  return upgrade;
}

export async function migrateAt(url: string): Promise<void> {
  const applicationName = `winnow upgrade ${process.pid}`;
  const db = openPool({ url, applicationName, poolSize: 1, onConnectionLost: () => undefined });
  try {
    await migrate(db);
  } finally {
    await db.destroy();
  }
}

function inUse({ schema }: SchemaState, others: readonly string[]): UsageError {
  const names = others.map((name) => `'${name}'`).join(', ');
  return new UsageError(
    `The catalogue has schema ${schema}, and this winnow brings it to ${KNOWN_SCHEMA}, but an older winnow uses it: ${names} (the command and its process id). Nothing was changed. End these processes and run the command again.`,
    { code: 'schema-in-use' },
  );
}

/** Copies the files of a stopped server. A killed call leaves a draft, which the next start of the server removes. */
async function copyCluster(layout: Layout, target: string): Promise<void> {
  const programs = await openPrograms(layout);
  const name = `cluster.new-${randomBytes(6).toString('hex')}`;
  const draft = join(layout.root, name);
  try {
    await cp(layout.cluster, draft, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    await chmod(draft, 0o700);
    if (programs.user !== undefined) await chownTree(draft, programs.user);
    const synced = await programs.run('initdb', ['--sync-only', '-D', name], SYNC_LIMIT_MS);
    if (synced.exitCode !== 0)
      throw await programFailure('initdb --sync-only', synced, { path: layout.root, words: synced.output });
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
    await syncFolder(layout.root);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  await removeOldCopies(layout);
}

function schemaOfCopy(name: string): number {
  return Number(COPY.exec(name)?.[1]);
}

async function removeOldCopies(layout: Layout): Promise<void> {
  const copies = (await readdir(layout.root))
    .filter((name) => COPY.test(name))
    .toSorted((a, b) => schemaOfCopy(b) - schemaOfCopy(a));
  for (const name of copies.slice(COPIES_KEPT)) await rm(join(layout.root, name), { recursive: true, force: true });
}
