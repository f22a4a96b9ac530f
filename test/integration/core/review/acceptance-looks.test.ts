import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { acceptanceStateText, type AcceptancePlan } from '../../../../src/core/kernel/acceptance.ts';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import type { Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { drawAgain } from '../../../../src/core/review/acceptance/draw-again.process.ts';
import { readAcceptancePlan, storeAcceptancePlan } from '../../../../src/core/review/acceptance/plan.repository.ts';
import { glanceAtAcceptance, readAcceptance } from '../../../../src/core/review/acceptance/read-acceptance.process.ts';
import { takePhotos } from '../../../../src/core/review/desk/take-photos.process.ts';
import { importVerdicts } from '../../../../src/core/review/import/import.process.ts';
import { listReviewed } from '../../../../src/core/review/events/review.repository.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { candidate, decideAs, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { collect } from '../../../support/collect.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { useListedPhotos, type PhotoToList } from './listed-photos.ts';

const database = useDatabase();
const CLASS = 'n01';
const PHOTOS: readonly PhotoToList[] = Array.from({ length: 40 }, (_, i) => [`p${i}`, CLASS, `n${100 + i}`, 0.01]);
const NAMES = PHOTOS.map(([name]) => name);
const listed = useListedPhotos(database, PHOTOS);
const { config } = await loadConfig();

/** A program with these settings. */
function workspace(plan: Partial<AcceptancePlan> = {}, secondPass = 1): Workspace {
  const acceptance = { ...config.review.acceptance, maxLabelError: 0.3, ...plan };
  const app = { db: database.db, config: { ...config, review: { ...config.review, secondPass, acceptance } } };
  return { app, scope: listed.scope } as unknown as Workspace;
}

async function judge(reviewer: string, names: readonly string[], verdict: 'accept' | 'reject' = 'accept') {
  const reason = verdict === 'reject' ? ('wrong-class' as const) : null;
  const said = { reviewer, verdict, reason, note: '', at: undefined };
  const rows = names.map((name, i) => ({ line: i + 1, sha256: sha256Of(name), wnid: CLASS, ...said }));
  expect(await importVerdicts(database.db, listed.scope, rows)).toMatchObject({ imported: rows.length });
}

async function listMore(name: string): Promise<void> {
  const id = await fetched(database.db, [candidate(name, { wnid: CLASS })], name);
  await decideAs(database.db, listed.scope, [kept(id, CLASS, { confusionWnid: 'n03', maxTrueProb: 0.01 })]);
  const policy = { cap: 15, nearDuplicateDistance: 0, nearDuplicateCosine: null };
  await buildShortlist(database.db, listed.scope, { policy, backboneId: null });
}

/** Lists one more photo, which two people accept. */
async function acceptMore(name: string): Promise<void> {
  await listMore(name);
  for (const reviewer of ['ann', 'bob']) await judge(reviewer, [name]);
}

/** The chance of each photo, by its name: 0 if it is left out of the draw, null if it was not drawn. */
async function chances(secondPass: number): Promise<Map<string, number | null>> {
  const filter = { wnids: [CLASS], secondPass };
  const photos = await collect(listReviewed(database.db, listed.scope.collectionId, filter));
  const bySha256 = new Map<Sha256, number | null>(photos.map(({ sha256, chance }) => [sha256, chance]));
  return new Map(NAMES.map((name) => [name, bySha256.get(sha256Of(name)) ?? null]));
}

const drawnBy = async (share: number): Promise<string[]> =>
  [...(await chances(share))].flatMap(([name, chance]) => (chance !== null && chance > 0 ? [name] : []));

/** The photos that a new person is shown for the second pass. */
async function shownTo(reviewer: string, share: number): Promise<string[]> {
  const request = { client: reviewer, order: 'confusions', filter: {}, count: 100, held: [], leaseMs: 1 } as const;
  const { photos } = await takePhotos(database.db, listed.viewOf(reviewer, share), request);
  return photos.map(({ sha256 }) => NAMES.find((name) => sha256Of(name) === sha256) ?? '').toSorted();
}

describe('the inspection of a collection', () => {
  it('is decided only when each listed photo has its verdicts and none is disputed, and has limits before', async () => {
    const half = workspace({}, 0.5);
    const [one = '', other = '', ...sample] = await drawnBy(0.5);
    const open = { state: 'open', look: null, labelError: 0, labelErrorLow: 0, unfinished: 1 };
    // A photo without its first verdict, then one without its second, then a dispute.
    await judge(
      'ann',
      NAMES.filter((name) => name !== one),
    );
    await judge('bob', [other, ...sample]);
    expect(await readAcceptance(half)).toMatchObject(open);
    await judge('ann', [one]);
    const waiting = await readAcceptance(half);
    expect(waiting).toMatchObject({ ...open, pending: 1 });
    expect(waiting.labelErrorHigh).toBeLessThan(0.3);
    expect(acceptanceStateText(waiting)).toBe(
      'open: 1 listed photo without a verdict that is wanted, or disputed. 1 drawn photo still to be inspected',
    );
    await judge('bob', [one], 'reject');
    expect(await readAcceptance(half)).toMatchObject({ ...open, unsettled: 1 });
    await judge('cat', [one], 'reject');
    await judge('dan', [one], 'reject');
    expect(await readAcceptance(half)).toMatchObject({ ...open, unsettled: 1 });
  });

  it('takes one look at the same photos, however many read while two people finish, and none for a page', async () => {
    await judge('ann', NAMES.slice(1));
    await judge('bob', NAMES.slice(0, 39));
    expect(await readAcceptance(workspace())).toMatchObject({ state: 'open', unfinished: 2 });
    await Promise.all([judge('ann', NAMES.slice(0, 1)), judge('bob', NAMES.slice(39))]);
    const page = await glanceAtAcceptance(workspace());
    expect(page).toMatchObject({ state: 'open', look: null, drawAgain: null, unfinished: 0 });
    expect(acceptanceStateText(page)).toBe('open: the review is complete, and winnow acceptance decides it');
    const read = await Promise.all(Array.from({ length: 6 }, () => readAcceptance(workspace())));
    for (const one of read) expect(one).toMatchObject({ state: 'pass', looks: 1, look: 1, draw: 1 });
    expect((await readAcceptancePlan(database.db, listed.scope.collectionId))?.taken).toHaveLength(1);
    expect(await glanceAtAcceptance(workspace())).toMatchObject({ state: 'pass', look: 1 });
  });

  it('takes a look at each complete review of other photos, and decides nothing after the last one', async () => {
    const planned = workspace({ looks: 2 });
    await judge('ann', NAMES);
    await judge('bob', NAMES);
    expect(await readAcceptance(planned)).toMatchObject({ state: 'pass', looks: 2, look: 1 });
    await acceptMore('q1');
    expect(await readAcceptance(planned)).toMatchObject({ state: 'pass', look: 2, accepted: 41 });
    await acceptMore('q2');
    const after = await readAcceptance(workspace({ looks: 9 }));
    expect(after).toMatchObject({ state: 'open', looks: 2, look: null, drawAgain: 'looks-used', labelError: 0 });
    expect(acceptanceStateText(after)).toBe(
      'open: photos changed after look 2 of 2, the last one. winnow acceptance --draw draws other photos for the second pass, and only these decide',
    );
  });

  it('keeps the plan of the first verdict, and sees other settings', async () => {
    const { collectionId } = listed.scope;
    await storeAcceptancePlan(database.db, collectionId, workspace().app.config.review.acceptance);
    expect(await readAcceptancePlan(database.db, collectionId)).toBeNull();
    await judge('ann', NAMES);
    await storeAcceptancePlan(
      database.db,
      collectionId,
      workspace({ maxLabelError: 0.2 }).app.config.review.acceptance,
    );
    await judge('bob', NAMES);
    for (const change of [{ maxLabelError: 0.3 }, { maxLabelError: 0.2, confidence: 0.5 }])
      expect(await readAcceptance(workspace(change))).toMatchObject({
        state: 'open',
        drawAgain: 'plan-changed',
        maxLabelError: 0.2,
        confidence: 0.95,
      });
    for (const maxLabelError of [0.2, null])
      expect(await readAcceptance(workspace({ maxLabelError }))).toMatchObject({ state: 'pass', look: 1 });
  });

  it('takes the first limit that is set, and counts the looks before it', async () => {
    const without = workspace({ maxLabelError: null });
    await judge('ann', NAMES);
    await judge('bob', NAMES);
    expect(await readAcceptance(without)).toMatchObject({ state: 'none', labelError: 0, maxLabelError: null, look: 1 });
    expect(await readAcceptance(workspace())).toMatchObject({ state: 'pass', maxLabelError: 0.3, look: 1 });
    await acceptMore('q');
    expect(await readAcceptance(without)).toMatchObject({ state: 'open', maxLabelError: 0.3, drawAgain: 'looks-used' });
  });

  it('is about the photos on the shortlist: one that leaves it changes the photos', async () => {
    await judge('ann', NAMES);
    await judge('bob', NAMES);
    expect(await readAcceptance(workspace())).toMatchObject({ accepted: 40, look: 1 });
    await database.db.deleteFrom('shortlist_entry').where('rank', '=', 1).execute();
    expect(await readAcceptance(workspace())).toMatchObject({ accepted: 39, state: 'open', drawAgain: 'looks-used' });
  });
});

describe('a further draw', () => {
  it('draws photos without a second verdict by a new salt, shows them, and only they decide', async () => {
    const third = workspace({}, 0.3);
    await judge('ann', NAMES);
    const first = await drawnBy(0.3);
    await judge('bob', first, 'reject');
    expect(await readAcceptance(third)).toMatchObject({ state: 'open' });
    await expect(drawAgain(third)).rejects.toThrow(/Draw 1 can still decide: 0 of 1 look taken/);
    const changed = workspace({ maxLabelError: 0.4 }, 0.3);
    expect(await drawAgain(changed)).toBe(2);
    const second = await drawnBy(0.3);
    expect(second.filter((name) => first.includes(name))).toEqual([]);
    expect([...(await chances(0.3))].filter(([, chance]) => chance === 0).map(([name]) => name)).toEqual(first);
    expect(await shownTo('eve', 0.3)).toEqual(second.toSorted());
    await judge('eve', second);
    expect(await readAcceptance(changed)).toMatchObject({
      accepted: 40,
      inspectedBefore: first.length,
      sampled: second.length,
      wrong: 0,
      draw: 2,
      maxLabelError: 0.4,
      unfinished: first.length,
    });
  });

  it('is made once by two commands at once, and refused without a plan, a share or a photo to draw', async () => {
    await expect(drawAgain(workspace())).rejects.toThrow(/No photo has a verdict yet/);
    await judge('ann', NAMES);
    await expect(drawAgain(workspace({ maxLabelError: null }))).rejects.toThrow(
      /It needs review.acceptance.maxLabelError/,
    );
    await expect(drawAgain(workspace({}, 0))).rejects.toThrow(/review.secondPass is 0/);
    await readAcceptance(workspace());
    const changed = workspace({ confidence: 0.9 });
    const draws = await Promise.allSettled([drawAgain(changed), drawAgain(changed)]);
    expect(draws.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await judge('bob', NAMES);
    expect(await readAcceptance(changed)).toMatchObject({ state: 'pass', draw: 2, look: 1, sampled: 40 });
    await expect(drawAgain(changed)).rejects.toThrow(/Every listed photo has its second verdict/);
    expect(await readAcceptance(changed)).toMatchObject({ state: 'pass', draw: 2, look: 1, sampled: 40 });
  });
});
