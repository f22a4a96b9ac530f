import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { funnelIn } from '../../../../src/core/status/status.process.ts';
import { makeShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { openWorkspace, type Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { openTestApp, testFolder } from '../../../support/test-app.ts';

const database = useDatabase();

async function workspaceIn(dataDir: string): Promise<Workspace> {
  const app = await openTestApp({ url: database.url, dataDir });
  return openWorkspace(app, (await usableCollection('demo')).collection);
}

/** Locks that are waited for: on rows and transactions, and those that winnow names itself. */
async function waits(): Promise<{ advisory: number; other: number }> {
  const { rows } = await sql<{ advisory: number; other: number }>`
    select count(*) filter (where locktype = 'advisory') as advisory, count(*) filter (where locktype <> 'advisory') as other
    from pg_locks l join pg_stat_activity a using (pid) where a.datname = current_database() and not granted`.execute(
    database.db,
  );
  return rows[0] ?? { advisory: 0, other: 0 };
}

async function until(expected: { advisory: number; other: number }): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    const now = await waits();
    if (now.advisory === expected.advisory && now.other === expected.other) return;
    await sleep(25);
  }
  expect(await waits()).toEqual(expected);
}

describe('two builds of one shortlist', () => {
  it('take turns, files included', async () => {
    const dataDir = await testFolder();
    const [first, second] = [await workspaceIn(dataDir), await workspaceIn(dataDir)];
    const { signal } = new AbortController();
    const options = { signal, onFeatures: () => undefined, reviewEvidence: true, onOutside: () => undefined };
    const ended: string[] = [];
    const build = async (name: string, workspace: Workspace): Promise<string> => {
      const { files } = await makeShortlist(workspace, { ...options, funnelIn: (trx) => funnelIn(trx, workspace) });
      ended.push(name);
      return files.csv;
    };
    const builds: Promise<string>[] = [];
    await database.db.transaction().execute(async (trx) => {
      // Keeps the first build where it has the lock, waiting for the collection's row.
      await trx.selectFrom('collection').select('id').forUpdate().execute();
      builds.push(build('first', first));
      await until({ advisory: 0, other: 1 });
      builds.push(build('second', second));
      await until({ advisory: 1, other: 1 });
      expect(ended).toEqual([]);
    });
    const [csv, same] = await Promise.all(builds);
    expect([ended, same]).toEqual([['first', 'second'], csv]);
    expect(await readFile(csv ?? '', 'utf8')).toMatch(/^rank,wnid,sha256/);
  });
});
