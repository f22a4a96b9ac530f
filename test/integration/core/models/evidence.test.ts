import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  membersOnEach,
  readEvidence,
  registerClassList,
  registerMember,
  storeEvidence,
  type EvidenceToStore,
} from '../../../../src/core/models/evidence/evidence.repository.ts';
import {
  noEvidence,
  ranOn,
  summariseCrop,
  type CropEvidence,
  type PhotoEvidence,
} from '../../../../src/core/models/evidence/evidence.ts';
import { useDatabase } from '../../../support/database.ts';
import { findRelatedMembers } from '../../../../src/core/models/evidence/related-members.repository.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { candidate, emptyCatalogue, fetched, cpuMember } from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

const CLASSES = ['n01', 'n02', 'n03', 'n04'];

async function members(count = 2): Promise<number[]> {
  const list = await registerClassList(database.db, sha256Of('list'), CLASSES);
  const ids: number[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await cpuMember(database.db, `m${i}`, list));
  return ids;
}

const logits = Float32Array.from([0.1, -2.5, 3.75, 1e-20]);
const summary = (truths: readonly number[]): CropEvidence => ({ ...summariseCrop(logits, truths), logits: null });
const full = (truths: readonly number[]): CropEvidence => summariseCrop(logits, truths);

/** Two members with the given crop 4 of the first and crop 0 of the second. */
function matrix(first: CropEvidence | null, second: CropEvidence | null = null): PhotoEvidence {
  return noEvidence(2).map((cells, member) => cells.with(member === 0 ? 4 : 0, member === 0 ? first : second));
}

async function write(entries: readonly EvidenceToStore[], memberIds: readonly number[]): Promise<void> {
  await database.db.transaction().execute((trx) => storeEvidence(trx, entries, memberIds));
}

async function read(photoId: number, memberIds: readonly number[]): Promise<PhotoEvidence | undefined> {
  return (await readEvidence(database.db, [photoId], memberIds)).get(photoId);
}

describe('class lists and members', () => {
  it('have one id for one content, also when stored at the same moment', async () => {
    const lists = await Promise.all([1, 2, 3].map(() => registerClassList(database.db, sha256Of('list'), CLASSES)));
    expect(new Set(lists).size).toBe(1);
    const [list = 0] = lists;
    const identity = {
      modelName: 'm',
      modelSha256: sha256Of('model'),
      preprocessing: 'v1',
      executionProvider: 'cpu' as const,
    };
    const same = await Promise.all([1, 2, 3].map(() => registerMember(database.db, identity, list)));
    expect(new Set(same).size).toBe(1);
    const other = await registerClassList(database.db, sha256Of('other list'), ['n09']);
    const ids = [
      await registerMember(database.db, { ...identity, modelName: 'renamed' }, list),
      await registerMember(database.db, { ...identity, preprocessing: 'v2' }, list),
      await registerMember(database.db, { ...identity, modelSha256: sha256Of('another') }, list),
      await registerMember(database.db, { ...identity, executionProvider: 'cuda' }, list),
      await registerMember(database.db, identity, other),
    ];
    expect(ids[0]).toBe(same[0]);
    expect(new Set(ids).size).toBe(5);
  });

  it('cannot be stored without the execution provider that it ran on', async () => {
    const nowhere = sql`insert into member (model_sha256, model_name, preprocessing, class_list_id)
      values (sha256('one'), 'one', 'v3', 1)`;
    await expect(nowhere.execute(database.db)).rejects.toThrow('execution_provider');
  });
});

describe('evidence of another execution provider', () => {
  it('counts as the evidence of a member and of a related member, unless the cpu has the crop, and imported evidence last', async () => {
    const shorter = await registerClassList(database.db, sha256Of('shorter'), CLASSES.slice(0, 2));
    const longer = await registerClassList(database.db, sha256Of('longer'), CLASSES);
    const model = { modelName: 'm', modelSha256: sha256Of('model'), preprocessing: 'v1' };
    const on = (executionProvider: 'cpu' | 'cuda' | 'imported', list: number): Promise<number> =>
      registerMember(database.db, { ...model, executionProvider }, list);
    const imported = await on('imported', shorter);
    const [cpu, cuda] = [await on('cpu', shorter), await on('cuda', shorter)];
    const cudaOverMore = await on('cuda', longer);
    const id = await fetched(database.db, [candidate('a')], 'A');
    const onCuda = matrix(full([0]), full([1])).slice(0, 1);
    await write([{ photoId: id, evidence: onCuda, withLogits: true }], [imported]);
    expect(await read(id, [cpu])).toEqual(ranOn('imported', onCuda));
    await write([{ photoId: id, evidence: onCuda, withLogits: true }], [cuda]);
    expect(await membersOnEach(database.db, [cpu])).toEqual([[cpu, cuda, imported]]);
    const marked = ranOn('cuda', onCuda);
    expect(await read(id, [cpu])).toEqual(marked);
    const onCpu = matrix({ ...full([0]), top1: 1, top1Prob: 0.75 }).slice(0, 1);
    await write([{ photoId: id, evidence: onCpu, withLogits: true }], [cpu]);
    expect(await read(id, [cpu])).toEqual(onCpu);
    const overMore = await on('cpu', longer);
    expect((await findRelatedMembers(database.db, [cpu])).map(({ memberId }) => memberId)).toEqual([overMore]);
    await write([{ photoId: id, evidence: onCuda, withLogits: false }], [cudaOverMore]);
    expect((await read(id, [overMore]))?.[0]?.[4]).toEqual({ ...summary([0]), executionProvider: 'cuda' });
  });
});

describe('stored evidence', () => {
  it('is what was stored, cell by cell', async () => {
    const memberIds = await members();
    const id = await fetched(database.db, [candidate('a')], 'A');
    await write([{ photoId: id, evidence: matrix(full([0, 2]), summary([1])), withLogits: true }], memberIds);
    expect(await read(id, memberIds)).toEqual(matrix(full([0, 2]), summary([1])));
  });

  it('has its members in the requested order', async () => {
    const [a = 0, b = 0] = await members();
    const id = await fetched(database.db, [candidate('a')], 'A');
    await write([{ photoId: id, evidence: matrix(summary([0]), summary([1])), withLogits: false }], [a, b]);
    const [first, second] = (await read(id, [b, a])) ?? [];
    expect([first?.[0], second?.[4]]).toEqual([summary([1]), summary([0])]);
    expect(await read(id, [b])).toEqual([matrix(null, summary([1]))[1]]);
    expect(await read(id, [a, b + 1, b])).toEqual([
      matrix(summary([0]))[0],
      noEvidence(1)[0],
      matrix(null, summary([1]))[1],
    ]);
  });

  it('keeps p of one class when another class is added', async () => {
    const memberIds = await members();
    const id = await fetched(database.db, [candidate('a')], 'A');
    await write([{ photoId: id, evidence: matrix(summary([0])), withLogits: false }], memberIds);
    await write([{ photoId: id, evidence: matrix(summary([2, 1])), withLogits: false }], memberIds);
    expect(await read(id, memberIds)).toEqual(matrix(summary([0, 1, 2])));
  });

  it('keeps cells that two writers add at the same moment', async () => {
    const memberIds = await members();
    const ids: number[] = [];
    for (let i = 0; i < 20; i += 1) ids.push(await fetched(database.db, [candidate(`p${i}`)], `photo ${i}`));
    const entries = (truth: number): EvidenceToStore[] =>
      ids.map((photoId) => ({ photoId, evidence: matrix(summary([truth]), summary([truth])), withLogits: false }));
    await Promise.all([
      write(entries(0), memberIds),
      write(entries(3).toReversed(), memberIds),
      write(entries(1), memberIds),
    ]);
    const stored = await readEvidence(database.db, ids, memberIds);
    for (const id of ids) expect(stored.get(id)).toEqual(matrix(summary([0, 1, 3]), summary([0, 1, 3])));
  });

  it('gains logits, and never loses them', async () => {
    const memberIds = await members();
    const id = await fetched(database.db, [candidate('a')], 'A');
    for (const withLogits of [false, true, false])
      await write([{ photoId: id, evidence: matrix(full([0])), withLogits }], memberIds);
    await write([{ photoId: id, evidence: matrix(summary([1])), withLogits: true }], memberIds);
    expect(await read(id, memberIds)).toEqual(matrix(full([0, 1])));
  });

  it('holds numbers to the last bit', async () => {
    const memberIds = await members();
    const id = await fetched(database.db, [candidate('a')], 'A');
    const bits = [0x00000001, 0x80000000, 0x7f7fffff, 0xff7fffff, 0x3eaaaaab, 0x00800000, 0x33d6bf95];
    const values = new Float32Array(Uint32Array.from(bits).buffer);
    // A view into a larger buffer, like a row of a batch.
    const within = new Float32Array(values.length + 3);
    within.set(values, 2);
    const probs = new Map([
      [0, 5e-324],
      [1, 0.1 + 0.2],
      [2, 0],
      [32_767, 1 - 2 ** -53],
    ]);
    const cell = { top1: 2, top1Prob: 1 / 3, trueProbs: probs, logits: within.subarray(2, 2 + values.length) };
    await write([{ photoId: id, evidence: matrix(cell), withLogits: true }], memberIds);
    const stored = (await read(id, memberIds))?.[0]?.[4];
    expect(stored?.logits && [...new Uint32Array(stored.logits.buffer)]).toEqual(bits);
    expect(stored).toEqual({ ...cell, logits: values });
  });

  it('of a batch of kept photos with all crops is stored at once', async () => {
    const memberIds = await members();
    const row = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    const cell = summariseCrop(row, [1]);
    const evidence = noEvidence(2).map((cells) => cells.map(() => cell));
    const entries: EvidenceToStore[] = [];
    for (let i = 0; i < 16; i += 1)
      entries.push({
        photoId: await fetched(database.db, [candidate(`p${i}`)], `photo ${i}`),
        evidence,
        withLogits: true,
      });
    await write(entries.toReversed(), memberIds);
    const stored = await readEvidence(
      database.db,
      entries.map((entry) => entry.photoId),
      memberIds,
    );
    expect([...stored.values()]).toEqual(entries.map(() => evidence));
  });
});
