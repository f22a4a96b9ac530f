import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApp, type App } from '../../../../src/core/runtime/open/app.process.ts';
import { auditDataFolder } from '../../../../src/core/operate/upkeep/audit.process.ts';
import { galleryIndex, galleryRows } from '../../../../src/web/status/gallery.process.ts';
import { readStatus, readStatuses } from '../../../../src/core/status/status.process.ts';
import type { Totals } from '../../../../src/core/kernel/funnel.ts';
import { EVERY_PHOTO, type PhotoFilter, type PhotoState } from '../../../../src/core/kernel/photo-filter.ts';
import { openWorkspace, type Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { sumOf, sumsThatFail } from '../../../../src/core/status/funnel.ts';
import { useDatabase } from '../../../support/database.ts';
import { makeCatalogue } from '../../../support/made-catalogue.ts';
import { suiteFolder } from '../../../support/process-tree.ts';
import { truncateCatalogue } from '../../../support/catalogue-fixtures.ts';

const CANDIDATES = 5_000;
const database = useDatabase();
const { signal } = new AbortController();

const folder = suiteFolder();
let app: App | undefined;

beforeAll(async () => {
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: database.url } });
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  app = await openApp({ config, dataDir: folder.at(), clientName: 'make-catalogue', log });
});
afterAll(() => app?.close());

async function made(candidates: number, withBytes: boolean): Promise<Workspace> {
  if (app === undefined) throw new Error('Expected the app to be open');
  await truncateCatalogue(database.db);
  const workspace = await openWorkspace(app, (await usableCollection('imagenet-a')).collection);
  await makeCatalogue(workspace, { candidates, seed: 1, withBytes, waiting: 0.1, signal, onProgress: () => undefined });
  return workspace;
}

async function problems(): Promise<string[]> {
  if (app === undefined) throw new Error('Expected the app to be open');
  return (await auditDataFolder(app, signal)).flatMap((result) => result.problems);
}

async function counted(query: string): Promise<Record<string, number>> {
  const { rows } = await sql<{ kind: string; count: number }>`${sql.raw(query)}`.execute(database.db);
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
}

type Numbers = [filter: Partial<PhotoFilter>, number: number][];

/** The numbers of a funnel, each with the filter whose gallery has as many photos. */
function numbersOf(totals: Totals): Numbers {
  const { decided, leftOut } = totals;
  const reasons = { ...totals.dropped, ...totals.failed, correct: decided.correct, confident: decided.confident };
  const states: Partial<Record<PhotoState, number>> = {
    found: totals.found,
    waiting: totals.waiting,
    fetched: totals.fetched,
    duplicate: totals.duplicates,
    distinct: totals.fetched - totals.duplicates,
    dropped: sumOf(totals.dropped) + decided.correct + decided.confident,
    failed: sumOf(totals.failed) + decided.failed,
    undecided: decided.undecided,
    pruned: totals.pruned,
    kept: decided.kept,
    'left-out': sumOf(leftOut),
    unlisted: totals.unlisted,
    listed: totals.shortlisted,
    open: totals.unreviewed,
    accepted: totals.selected,
    rejected: totals.rejected,
    unsure: totals.unsure,
    disputed: totals.disputed,
  };
  return [
    ...Object.entries(states).map(([state, count]) => [{ state: [state] }, count]),
    ...Object.entries(reasons).map(([reason, count]) => [{ reason: [reason] }, count]),
    [{ state: ['left-out'], reason: ['near-duplicate'] }, leftOut.nearDuplicate],
    [{ reason: ['cap'] }, leftOut.cap],
    [{ state: ['rejected'], reason: ['other'] }, totals.rejected],
  ] as Numbers;
}

describe('a made catalogue', () => {
  it('adds up, has its bytes and its evidence, and status equals a count of its rows one by one', async () => {
    const workspace = await made(CANDIDATES, true);
    const { totals, classes, sources, queries } = await readStatus(workspace);
    for (const row of [totals, ...classes, ...sources]) expect(sumsThatFail(row)).toEqual([]);
    expect(totals.found).toBe(CANDIDATES);
    const pictures = await counted(
      'select p.state as kind, count(*) from candidate c join picture p on p.id = c.picture_id group by 1',
    );
    expect(pictures).toEqual({
      found: totals.waiting,
      fetched: totals.fetched,
      dropped: sumOf(totals.dropped),
      failed: sumOf(totals.failed),
    });
    const { kept, correct, confident, failed, undecided } = totals.decided;
    const decisions = await counted('select coalesce(reason, state) as kind, count(*) from decision group by 1');
    expect(decisions).toEqual({ kept, correct, confident, ...(failed > 0 ? { undecodable: failed } : {}) });
    const pairs = await counted(
      `select 'all' as kind, count(distinct (p.photo_id, c.wnid)) from candidate c join picture p on p.id = c.picture_id where p.photo_id is not null`,
    );
    expect(pairs).toEqual({ all: kept + correct + confident + failed + undecided });
    const listed = await counted('select coalesce(reason, state) as kind, count(*) from shortlist_entry group by 1');
    expect(listed).toMatchObject({ listed: totals.shortlisted, cap: totals.leftOut.cap });
    expect(queries.reduce((sum, query) => sum + query.fetched, 0)).toBeGreaterThan(0.9 * totals.fetched);
    expect(await problems()).toEqual([]);
  });

  it('gives the gallery of each number of its status as many photos', async () => {
    if (app === undefined) throw new Error('Expected the app to be open');
    const workspace = await openWorkspace(app, (await usableCollection('imagenet-a')).collection);
    await sql`
      insert into verdict (collection_id, wnid, sha256, state, reason, reviewers, wanted)
      select e.collection_id, e.wnid, f.sha256, case e.photo_id % 3 when 0 then 'accepted' when 1 then 'rejected' else 'unreviewed' end,
        case e.photo_id % 3 when 1 then 'other' end, case e.photo_id % 3 when 2 then '{}' else '{ann}'::text[] end, 1
      from shortlist_entry e join photo f on f.id = e.photo_id`.execute(database.db);
    for (const reader of ['operators', 'others'] as const) {
      const { totals, classes, sources } = (await readStatuses(workspace))[reader];
      const numbers = [
        ...numbersOf(totals),
        ...classes.slice(0, 3).map(({ wnid, decided }) => [{ state: ['kept'], class: [wnid] }, decided.kept]),
        ...sources.map(({ source, duplicates }) => [{ state: ['duplicate'], source: [source] }, duplicates]),
      ];
      const desk = { workspace, reviewer: null, reader, seesFolders: true };
      for (const [filter, number] of numbers as Numbers) {
        // A piece of one makes the total come from the tallies where they know it.
        const { total } = await galleryIndex(desk, { ...EVERY_PHOTO, ...filter }, 1);
        expect([filter, total]).toEqual([filter, number]);
      }
    }
    expect((await readStatuses(workspace)).others.totals.selected).toBeGreaterThan(0);
    await sql`delete from verdict`.execute(database.db);
  });

  it('differs from a wrong tally, and doctor reports that', async () => {
    await sql`update photo_tally set count = count + 1 where kind = (select min(kind) from photo_tally)`.execute(
      database.db,
    );
    expect(await problems()).toEqual([
      expect.stringMatching(/^the tally of imagenet-a has 1 photos more than there are /),
    ]);
  });

  it('hides photos of another blind review from the gallery of reviewers', async () => {
    if (app === undefined) throw new Error('Expected the app to be open');
    const workspace = await made(CANDIDATES, false);
    const { scope } = await openWorkspace(app, (await usableCollection('demo')).collection);
    await sql`insert into shortlist (collection_id, cap, near_duplicate_distance, decision_sha256)
      values (${scope.collectionId}, 15, 8, '')`.execute(database.db);
    const { numAffectedRows: hidden } = await sql`
      insert into shortlist_entry (collection_id, photo_id, wnid, position, rank, state, confusion_wnid, max_true_prob, confusion_prob, also_in)
      select ${scope.collectionId}, photo_id, wnid, position, rank, case when photo_id % 5 = 0 then 'control' else 'listed' end, confusion_wnid,
        max_true_prob, confusion_prob, also_in from shortlist_entry where state = 'listed' and photo_id % 2 = 0`.execute(
      database.db,
    );
    const listed = async (reader: 'operators' | 'others'): Promise<number> => {
      const desk = { workspace, reviewer: 'ann', reader, seesFolders: true };
      const { ids } = await galleryIndex(desk, { ...EVERY_PHOTO, state: ['listed'] });
      let rows = 0;
      for await (const { id } of galleryRows(desk, ids)) rows += Number(id > 0);
      expect(rows).toBe(ids.length);
      return ids.length;
    };
    expect((await listed('operators')) - (await listed('others'))).toBe(Number(hidden));
    expect(Number(hidden)).toBeGreaterThan(0);
  });
});
