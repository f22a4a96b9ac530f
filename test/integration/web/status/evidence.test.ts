import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { runBackbone } from '../../../../src/core/filter/engine/run-backbone.process.ts';
import { evidenceShown } from '../../../../src/web/status/photo-evidence.process.ts';
import { runOutsideModels } from '../../../../src/core/shortlist/outside-models.process.ts';
import { cardFor } from '../../../../src/core/collection/cards/model-card.process.ts';
import { storeEvidence } from '../../../../src/core/models/evidence/evidence.repository.ts';
import { summariseCrop } from '../../../../src/core/models/evidence/evidence.ts';
import { softmax } from '../../../../src/core/models/evidence/softmax.ts';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import { deriveVerdicts } from '../../../../src/core/review/events/derive-verdicts.process.ts';
import { insertEvents, lockSubjects } from '../../../../src/core/review/events/review.repository.ts';
import type { PhotoEvidenceShown } from '../../../../src/core/review/desk/desk.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { candidate, decideAs, dropped, kept, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { ask, NO_TOKENS, useDashboard } from '../server/support.ts';

const LION_CLASS = 'n02129165';
const TIGER = 'n02129604';
const LION = path.join(repositoryRoot, 'test/fixtures/samples/photos/n02129165/lion-lying.jpg');
const { signal } = new AbortController();
/** Everything is reviewed by two people. */
const dashboard = useDashboard(async () => ({ WINNOW_REVIEW_SECOND_PASS: '1' }));

let server = '';
let lion: Sha256;
let twin: Sha256;
const ids = new Map<Sha256, number>();

/** A photo that the filter has kept, searched as a lion and taken for a tiger. */
async function keep(bytes: Buffer, maxTrueProb: number): Promise<Sha256> {
  const { db, blobs } = dashboard.app;
  const sha256 = sha256Of(bytes);
  const { width, height } = await sharp(bytes).metadata();
  const { waiting } = await store(db, [
    candidate(sha256, { wnid: LION_CLASS, creator: 'A. Person', licence: 'CC0-1.0' }),
  ]);
  // The same perceptual hash, so that the shortlist takes them for one picture.
  const alike = { perceptualHash: '00ff00ff00ff00ff', fineHash: photo('lion').fineHash };
  const id = await stored(db, waiting[0] ?? 0, {
    ...photo(sha256),
    ...alike,
    sha256,
    width,
    height,
    bytes: bytes.length,
  });
  await blobs.put(sha256, bytes);
  await decideAs(db, dashboard.workspace.scope, [kept(id, LION_CLASS, { confusionWnid: TIGER, maxTrueProb })]);
  ids.set(sha256, id);
  return sha256;
}

async function evaluate(sha256: Sha256, crops: readonly number[]): Promise<Float32Array[][]> {
  const { workspace, app } = dashboard;
  const all: Float32Array[][] = [];
  for (const name of workspace.collection.ensemble) {
    const card = await cardFor(name);
    const run = { card, outputs: ['logits'] as const, photos: [sha256], crops, blobs: app.blobPlace };
    for await (const given of runBackbone({ ...run, threads: 1, cropsPerPass: 2, signal }))
      all.push(given.problem === null ? given.crops.map(({ logits }) => logits ?? new Float32Array()) : []);
  }
  return all;
}

let logits: Float32Array[][] = [];

beforeAll(async () => {
  const { app, workspace } = dashboard;
  const bytes = await readFile(LION);
  lion = await keep(bytes, 0.01);
  twin = await keep(await sharp(bytes).jpeg({ quality: 50 }).toBuffer(), 0.02);
  logits = await evaluate(lion, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const position = workspace.scope.wnids.indexOf(LION_CLASS);
  const evidence = logits.map((crops) => crops.map((each) => summariseCrop(each, [position])));
  const members = workspace.ensemble.memberIds;
  await app.db.transaction().execute(async (trx) => {
    await storeEvidence(trx, [{ photoId: ids.get(lion) ?? 0, evidence, withLogits: true }], members);
    // The twin has evidence of the first crop only, without logits.
    const [[first] = []] = evidence;
    const some = [[first ?? null], []];
    await storeEvidence(trx, [{ photoId: ids.get(twin) ?? 0, evidence: some, withLogits: false }], members);
  });
  const policy = { ...workspace.collection.policy, nearDuplicateCosine: null };
  await buildShortlist(app.db, workspace.scope, { policy, backboneId: null });
  server = await dashboard.serve(NO_TOKENS);
});

async function shown(sha256: Sha256, wnid = LION_CLASS): Promise<PhotoEvidenceShown> {
  const { status, body } = await ask(server, `/c/demo/api/review/evidence/${wnid}/${sha256}`);
  expect(status).toBe(200);
  const evidence: PhotoEvidenceShown = JSON.parse(body);
  return evidence;
}

describe('the evidence beside a photo', () => {
  it('has for each member and crop the place, p of the searched class, and the five most likely classes', async () => {
    const { members } = await shown(lion);
    expect(members.map(({ model, heatmap }) => [model, heatmap])).toEqual(
      ['efficientnet-lite0', 'efficientnet-lite1'].map((model) => [model, 'class-activation']),
    );
    const { wnids } = dashboard.workspace.scope;
    for (const [m, { crops }] of members.entries()) {
      expect(crops.map(({ crop, isMirrored }) => [crop, isMirrored])).toEqual(
        Array.from({ length: 10 }, (_, crop) => [crop, crop >= 5]),
      );
      for (const { crop, trueProb, top } of crops) {
        const probs = [...softmax(logits[m]?.[crop] ?? [])];
        const best = [...probs.entries()].toSorted(([, a], [, b]) => b - a).slice(0, 5);
        expect(top.map(({ wnid }) => wnid)).toEqual(best.map(([at]) => wnids[at]));
        for (const [i, { prob }] of top.entries()) expect(prob).toBeCloseTo(best[i]?.[1] ?? Number.NaN, 12);
        expect(trueProb).toBeCloseTo(probs[wnids.indexOf(LION_CLASS)] ?? Number.NaN, 12);
      }
    }
    expect(members[0]?.crops[4]?.top[0]).toMatchObject({ wnid: LION_CLASS, name: 'lion' });
  });

  it('has of a crop without logits its first class', async () => {
    const { members } = await shown(twin);
    expect(members.map(({ model }) => model)).toEqual(['efficientnet-lite0']);
    const [first, ...others] = members[0]?.crops ?? [];
    expect(others).toEqual([]);
    expect(first).toMatchObject({ crop: 0, trueProb: expect.any(Number), top: [{ prob: expect.any(Number) }] });
  });

  it('names the photos that are the same picture, in either direction', async () => {
    expect((await shown(lion)).nearDuplicates).toEqual([{ sha256: twin, state: 'left-out' }]);
    expect((await shown(twin)).nearDuplicates).toEqual([{ sha256: lion, state: 'listed' }]);
  });

  it('has no p of a class that the models do not know, and other classes are also seen', async () => {
    const { members, alsoSeen, nearDuplicates } = await shown(lion, 'concept');
    expect(members[0]?.crops.map(({ trueProb }) => trueProb)).toEqual(Array.from({ length: 10 }, () => null));
    expect(alsoSeen[0]).toMatchObject({ wnid: LION_CLASS, name: 'lion', prob: expect.any(Number) });
    expect(nearDuplicates).toEqual([]);
    const known = (await shown(lion)).alsoSeen.map(({ wnid }) => wnid);
    expect(known).not.toContain(LION_CLASS);
    expect(known).not.toContain(TIGER);
  });

  it('tells the story of the photo, and what others said only to those who may know', async () => {
    const { app, workspace } = dashboard;
    const subject = { sha256: lion, wnid: LION_CLASS };
    const sent = { ...subject, client: 'tab', undoes: null } as const;
    const judged = { verdict: 'accept', reason: null, shownBy: 'lowest' } as const;
    await app.db.transaction().execute(async (trx) => {
      await lockSubjects(trx, workspace.scope.collectionId, [subject]);
      await insertEvents(trx, workspace.scope.collectionId, [
        { ...sent, sequence: 1, reviewer: 'ann', kind: 'verdict', value: judged },
        { ...sent, sequence: 2, reviewer: 'bob', kind: 'note', value: { note: 'a lioness' } },
      ]);
      await deriveVerdicts(trx, workspace.scope.collectionId, [subject]);
    });
    const textsFor = async (reviewer: string): Promise<string[]> =>
      ((await evidenceShown({ workspace, reviewer }, subject))?.history ?? []).map(({ text }) => text);
    expect(await textsFor('ann')).toEqual([
      expect.stringMatching(/^candidate for lion: fetched, found .* at folder: .*CC0-1\.0, by A\. Person$/),
      expect.stringMatching(/^stored .*jpeg, \d+ x \d+ pixels/),
      expect.stringMatching(
        /^decision for demo, lion: kept, .*taken for tiger 0\.9000, .*shortlist: listed at rank 1$/,
      ),
      'ann: accept',
      "bob: note 'a lioness'",
    ]);
    expect((await textsFor('bob')).slice(3)).toEqual(["bob: note 'a lioness'"]);
  });

  it('is a 404 for a photo that is not there', async () => {
    for (const sha256 of [sha256Of('nothing'), 'abc'])
      expect((await ask(server, `/c/demo/api/review/evidence/${LION_CLASS}/${sha256}`)).status).toBe(404);
  });

  it('names the other classes that have the same bytes, and how they were decided there', async () => {
    const { app, workspace } = dashboard;
    await store(app.db, [candidate(lion, { wnid: TIGER, licence: 'CC0-1.0' })]);
    const undecided = { wnid: TIGER, name: 'tiger', outcome: 'undecided', reason: null };
    expect((await shown(lion)).elsewhere).toEqual([undecided]);
    await decideAs(app.db, workspace.scope, [dropped(ids.get(lion) ?? 0, TIGER)]);
    expect((await shown(lion)).elsewhere).toEqual([{ ...undecided, outcome: 'dropped', reason: 'correct' }]);
    expect((await shown(twin)).elsewhere).toEqual([]);
  });
});

describe('a heatmap of the server', () => {
  it('shows a class on the centre crop, and is a 404 for what is not there', async () => {
    const url = (model: string, wnid: string, sha256: string): string =>
      `/c/demo/api/review/heatmap/${model}/${wnid}/${sha256}`;
    const { status, body } = await ask(server, url('efficientnet-lite1', TIGER, lion));
    expect(status).toBe(200);
    const [, ofLite1] = (await shown(lion)).members;
    expect(JSON.parse(body)).toMatchObject({ kind: 'class-activation', rows: 8, box: ofLite1?.crops[4]?.box });
    for (const [missing, says] of [
      [url('efficientnet-lite9', TIGER, lion), 'efficientnet-lite9'],
      [url('efficientnet-lite1', 'n00000000', lion), "does not know the class 'n00000000'"],
      [url('efficientnet-lite1', TIGER, sha256Of('nothing')), 'There is no photo'],
      [url('resnet18-v1-7', TIGER, lion), 'winnow models pull resnet18-v1-7'],
    ] as const) {
      const answer = await ask(server, missing);
      expect([answer.status, answer.body]).toEqual([404, expect.stringContaining(says)]);
    }
  });
});

describe('models outside the ensemble', () => {
  it('look at the centre crop of each listed photo once, and decide nothing', async () => {
    const { app, workspace } = dashboard;
    const decisions = async () => app.db.selectFrom('decision').selectAll().orderBy('photo_id').execute();
    const before = await decisions();
    const told: unknown[] = [];
    const options = { signal, onProgress: (progress: unknown) => void told.push(progress) };
    await runOutsideModels(workspace, options);
    await runOutsideModels(workspace, options);
    expect(told).toEqual([0, 1].map((done) => ({ model: 'efficientnet-lite2', done, total: 1 })));
    const { members, outside } = await shown(lion);
    expect(members).toHaveLength(2);
    expect(outside).toMatchObject([{ model: 'efficientnet-lite2', heatmap: 'class-activation' }]);
    expect(outside[0]?.crops).toMatchObject([{ crop: 4, isMirrored: false, trueProb: expect.any(Number) }]);
    expect(outside[0]?.crops[0]?.top).toHaveLength(5);
    expect((await shown(twin)).outside).toEqual([]);
    expect(await decisions()).toEqual(before);
  });

  it('that cannot be used are a warning with a remedy', async () => {
    const { app, workspace } = dashboard;
    const warnings: unknown[] = [];
    const log = { ...app.log, warn: (...texts: unknown[]) => void warnings.push(texts) };
    const outsideModels = ['efficientnet-lite0', 'no-such-model', 'resnet18-v1-7'];
    const config = { ...app.config, review: { ...app.config.review, outsideModels } };
    const changed = { ...workspace, app: Object.assign(Object.create(app), { log, config }) };
    await runOutsideModels(changed, { signal, onProgress: () => undefined });
    expect(warnings).toEqual(
      ["No such model: 'no-such-model'", 'winnow models pull resnet18-v1-7'].map((why) => [
        { model: expect.any(String), reason: expect.stringContaining(why) },
        expect.stringContaining('take it out of the setting'),
      ]),
    );
  });

  it('that do not know all classes of the collection are left out', async () => {
    const { app, workspace } = dashboard;
    const told: unknown[] = [];
    const info = (about: unknown): void => void told.push(about);
    const log = { ...app.log, info };
    const { evidenceClasses } = workspace.collection;
    const wnids = [...evidenceClasses.wnids, 'my-class'];
    const changed = {
      ...workspace,
      app: Object.assign(Object.create(app), { log }),
      collection: { ...workspace.collection, evidenceClasses: { ...evidenceClasses, wnids } },
    };
    await runOutsideModels(changed, { signal, onProgress: () => undefined });
    expect(told).toEqual([{ model: 'efficientnet-lite2', unknown: 1, first: 'my-class' }]);
  });

  it('stop when the command is interrupted', async () => {
    const { app, workspace } = dashboard;
    await app.db.deleteFrom('evidence').where('crop', '=', 4).execute();
    const stopped = { signal: AbortSignal.abort(), onProgress: () => undefined };
    await expect(runOutsideModels(workspace, stopped)).rejects.toMatchObject({ name: 'Interrupted' });
  });
});
