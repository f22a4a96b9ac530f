import { describe, expect, it } from 'vitest';
import {
  countShortlist,
  markAlsoIn,
  shortlistClass,
  SUREST_FIRST,
  type KeptPhoto,
  type ShortlistRow,
} from '../../../src/shortlist/shortlist.ts';
import { seededRandom } from '../../support/random.ts';
import { sha256Of } from '../../support/sha256.ts';
import { keptPhoto, shortlistAll } from './sample-rows.ts';

const POLICY = { cap: 15, nearDuplicateDistance: 6 };

function summary(rows: readonly ShortlistRow[]): unknown[] {
  return rows.map(({ rank, sha256, reason, twinSha256 }) => [rank, sha256, reason, twinSha256]);
}

function keyOf({ wnid, sha256 }: { wnid: string; sha256: string }): string {
  return `${wnid} ${sha256}`;
}

function rowsOf(wnid: string, names: readonly string[], cap: number): ShortlistRow[] {
  const photos = names.map((name, i) => keptPhoto(name, { wnid, maxTrueProb: i / 100 }));
  return shortlistClass(photos, { ...POLICY, cap });
}

/** The rules once more, written for plainness: BigInt distances, whole lists searched. */
function naiveShortlist(photos: readonly KeptPhoto[], cap: number, distance: number): unknown[] {
  const order = photos.toSorted(
    (a, b) => Number(a.maxTrueProb) - Number(b.maxTrueProb) || (a.sha256 < b.sha256 ? -1 : 1),
  );
  const listed: KeptPhoto[] = [];
  const leftOut: unknown[] = [];
  for (const photo of order) {
    const twin = listed.find((other) => bigDistance(other.perceptualHash, photo.perceptualHash) <= distance);
    const full = listed.filter((other) => other.confusionWnid === photo.confusionWnid).length >= cap;
    if (twin !== undefined) leftOut.push([null, photo.sha256, 'near-duplicate', twin.sha256]);
    else if (full) leftOut.push([null, photo.sha256, 'cap', null]);
    else listed.push(photo);
  }
  return [...listed.map((photo, i) => [i + 1, photo.sha256, null, null]), ...leftOut];
}

function bigDistance(a: string, b: string): number {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length;
}

/** Photos with few confusions, coarse probabilities (many ties) and hashes in clusters (many near-duplicates). */
function crowd(count: number, seed: number): KeptPhoto[] {
  const random = seededRandom(seed).next;
  return Array.from({ length: count }, (_, i) => {
    const cluster = BigInt(`0x${sha256Of(`cluster ${Math.floor(random() * 40)}`).slice(0, 16)}`);
    const flipped = Array.from({ length: 4 }, () => 1n << BigInt(Math.floor(random() * 64)));
    const hash = flipped.reduce((bits, bit) => bits ^ bit, cluster);
    return keptPhoto(`${seed}/${i}`, {
      maxTrueProb: Math.floor(random() * 16) / 100,
      confusionWnid: `n0000000${Math.floor(random() * 5)}`,
      perceptualHash: hash.toString(16).padStart(16, '0'),
    });
  });
}

describe('shortlistClass', () => {
  it('lists the lowest p(true) first and settles ties by sha256', () => {
    const tied = [keptPhoto('a'), keptPhoto('b'), keptPhoto('c')].toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
    const first = keptPhoto('first', { maxTrueProb: 0.001 });
    const last = keptPhoto('last', { maxTrueProb: 0.15 });
    const rows = shortlistClass([last, ...tied.toReversed(), first], POLICY);
    expect(rows.map((row) => row.sha256)).toEqual([first, ...tied, last].map((photo) => photo.sha256));
    expect(rows.map((row) => row.rank)).toEqual([1, 2, 3, 4, 5]);
  });

  it('hands on the confusion and both probabilities as they came, in the order of the contract', () => {
    const photo = keptPhoto('a', { maxTrueProb: 0.1 + 0.02, confusionProb: 1 / 3, confusionWnid: 'n01770393' });
    const [row] = shortlistClass([photo], POLICY);
    expect(Object.entries(row ?? {})).toEqual([
      ['rank', 1],
      ['wnid', 'n02268443'],
      ['sha256', photo.sha256],
      ['state', 'listed'],
      ['reason', null],
      ['twinSha256', null],
      ['confusionWnid', 'n01770393'],
      ['maxTrueProb', 0.1 + 0.02],
      ['confusionProb', 1 / 3],
      ['alsoIn', []],
    ]);
  });

  it('leaves out what is over the cap of its confusion, and of no other', () => {
    const photos = Array.from({ length: 5 }, (_, i) => keptPhoto(`banjo ${i}`, { maxTrueProb: i / 100 }));
    const other = keptPhoto('snail', { maxTrueProb: 0.1, confusionWnid: 'n01944390' });
    const rows = shortlistClass([...photos, other], { ...POLICY, cap: 3 });
    expect(summary(rows)).toEqual([
      [1, sha256Of('banjo 0'), null, null],
      [2, sha256Of('banjo 1'), null, null],
      [3, sha256Of('banjo 2'), null, null],
      [4, sha256Of('snail'), null, null],
      [null, sha256Of('banjo 3'), 'cap', null],
      [null, sha256Of('banjo 4'), 'cap', null],
    ]);
  });

  it('leaves out a near-duplicate of a listed photo under any confusion and names the earliest one', () => {
    const photos = [
      keptPhoto('original', { maxTrueProb: 0.01, perceptualHash: '000000000000003f' }),
      keptPhoto('closer, later', { maxTrueProb: 0.02, perceptualHash: '0000000000000fc0' }),
      keptPhoto('copy', { maxTrueProb: 0.03, perceptualHash: '0000000000000000', confusionWnid: 'n01944390' }),
      keptPhoto('one bit too far', { maxTrueProb: 0.04, perceptualHash: '000000000003f000' }),
    ];
    expect(summary(shortlistClass(photos, POLICY))).toEqual([
      [1, sha256Of('original'), null, null],
      [2, sha256Of('closer, later'), null, null],
      [3, sha256Of('one bit too far'), null, null],
      [null, sha256Of('copy'), 'near-duplicate', sha256Of('original')],
    ]);
  });

  it('tells a copy as a near-duplicate even where its confusion is full', () => {
    const photos = [
      keptPhoto('original', { maxTrueProb: 0.01, perceptualHash: '00000000000000ff' }),
      keptPhoto('copy', { maxTrueProb: 0.02, perceptualHash: '00000000000000fe' }),
    ];
    const rows = shortlistClass(photos, { ...POLICY, cap: 1 });
    expect(rows[1]).toMatchObject({ reason: 'near-duplicate', twinSha256: sha256Of('original') });
  });

  it('takes no left-out photo for a twin: copies of photos that are over the cap, or copies themselves, are judged on their own', () => {
    const photos = [
      keptPhoto('fills the cap', { maxTrueProb: 0.01, perceptualHash: 'ffffffffffffffff' }),
      keptPhoto('over the cap', { maxTrueProb: 0.02, perceptualHash: '0000000000000000' }),
      keptPhoto('its copy', { maxTrueProb: 0.03, perceptualHash: '0000000000000001', confusionWnid: 'n01944390' }),
      keptPhoto('copy', { maxTrueProb: 0.04, perceptualHash: '000000000000003f', confusionWnid: 'n07697313' }),
      keptPhoto('copy of the copy', {
        maxTrueProb: 0.05,
        perceptualHash: '0000000000000fff',
        confusionWnid: 'n07697537',
      }),
    ];
    expect(summary(shortlistClass(photos, { ...POLICY, cap: 1 }))).toEqual([
      [1, sha256Of('fills the cap'), null, null],
      [2, sha256Of('its copy'), null, null],
      [3, sha256Of('copy of the copy'), null, null],
      [null, sha256Of('over the cap'), 'cap', null],
      [null, sha256Of('copy'), 'near-duplicate', sha256Of('its copy')],
    ]);
  });

  it('lets a near-duplicate use up no place under its cap', () => {
    const photos = [
      keptPhoto('original', { maxTrueProb: 0.01, perceptualHash: '0000000000000000' }),
      keptPhoto('copy', { maxTrueProb: 0.02, perceptualHash: '0000000000000001' }),
      keptPhoto('another', { maxTrueProb: 0.03, perceptualHash: 'ffffffffffffffff' }),
    ];
    expect(countShortlist(shortlistClass(photos, { ...POLICY, cap: 2 }))).toEqual({
      kept: 3,
      listed: 2,
      leftOut: { cap: 0, nearDuplicate: 1 },
    });
  });

  it.each([
    [15, 6],
    [3, 6],
    [1, 0],
    [20, 10],
    [1000, 64],
  ])('agrees with a plain reading of the rules for cap %i and distance %i', (cap, nearDuplicateDistance) => {
    const photos = crowd(400, cap);
    const rows = shortlistClass(photos, { cap, nearDuplicateDistance });
    expect(summary(rows)).toEqual(naiveShortlist(photos, cap, nearDuplicateDistance));
  });

  it('gives the same rows whatever the order of its input, which it leaves as it was', () => {
    const photos = crowd(300, 7);
    const expected = shortlistClass(photos, POLICY);
    const random = seededRandom(8).next;
    for (let round = 0; round < 5; round += 1) {
      const shuffled = photos.map((photo) => [random(), photo] as const).toSorted(([a], [b]) => a - b);
      const input = Object.freeze(shuffled.map(([, photo]) => photo));
      expect(shortlistClass(input, POLICY)).toEqual(expected);
    }
  });

  it('lists in mode O what the model is surest of first, up to the cap for each predicted class', () => {
    const photos = [0.91, 0.99, 0.95, 0.97].map((confusionProb, i) =>
      keptPhoto(String(confusionProb), {
        wnid: 'gnome',
        maxTrueProb: null,
        confusionProb,
        confusionWnid: i < 3 ? 'n1' : 'n2',
      }),
    );
    const rows = shortlistClass(photos, { ...POLICY, cap: 2 }, SUREST_FIRST);
    expect(rows.map((row) => [row.confusionProb, row.rank, row.reason, row.maxTrueProb])).toEqual([
      [0.99, 1, null, null],
      [0.97, 2, null, null],
      [0.95, 3, null, null],
      [0.91, null, 'cap', null],
    ]);
  });

  it('takes photos of like features for near-duplicates where the policy says so, and tells what found the twin', () => {
    const like = [Float32Array.of(1, 0), Float32Array.of(0, 1), Float32Array.of(0.8, 0.6), Float32Array.of(1, 0)];
    const photos = like.map((features, i) => keptPhoto(`photo ${i}`, { maxTrueProb: i / 100, features }));
    const twin = keptPhoto('copy', { maxTrueProb: 0.1, perceptualHash: photos[1]?.perceptualHash ?? '' });
    const rows = shortlistClass([...photos, twin], { ...POLICY, nearDuplicateCosine: 0.9 });
    const name = (sha256: string | null): number => photos.findIndex((photo) => photo.sha256 === sha256);
    expect(rows.map((row) => [name(row.sha256), row.state, name(row.twinSha256), row.twinBy])).toEqual([
      [0, 'listed', -1, null],
      [1, 'listed', -1, null],
      [2, 'listed', -1, null],
      [3, 'left-out', 0, 'cosine'],
      [-1, 'left-out', 1, 'hash'],
    ]);
    expect(shortlistClass([...photos, twin], POLICY).map((row) => Object.hasOwn(row, 'twinBy'))).not.toContain(true);
    expect(shortlistClass([...photos, twin], { ...POLICY, nearDuplicateCosine: null })).toEqual(
      shortlistClass([...photos, twin], POLICY),
    );
  });

  it('lists nothing of nothing', () => {
    expect(shortlistClass([], POLICY)).toEqual([]);
  });

  it.each(['', '0123456789abcdeg'])("refuses the perceptual hash '%s'", (perceptualHash) => {
    expect(() => shortlistClass([keptPhoto('a', { perceptualHash }), keptPhoto('b')], POLICY)).toThrow(
      `16 lower-case hex digits for a perceptual hash but received '${perceptualHash}'`,
    );
  });
});

describe('the shortlist of several classes', () => {
  it('sorts by wnid and gives each class ranks and caps of its own', () => {
    const photos = ['n03', 'n01', 'n02'].flatMap((wnid) => [
      keptPhoto(`${wnid} a`, { wnid, maxTrueProb: 0.01 }),
      keptPhoto(`${wnid} b`, { wnid, maxTrueProb: 0.02 }),
    ]);
    const rows = shortlistAll(photos, { ...POLICY, cap: 1 });
    expect(rows.map(({ wnid, rank, reason }) => [wnid, rank, reason])).toEqual([
      ['n01', 1, null],
      ['n01', null, 'cap'],
      ['n02', 1, null],
      ['n02', null, 'cap'],
      ['n03', 1, null],
      ['n03', null, 'cap'],
    ]);
  });

  it('passes over no copy of a photo that is listed for another class only', () => {
    const photos = [keptPhoto('a', { wnid: 'n01' }), keptPhoto('a', { wnid: 'n02' })];
    const rows = shortlistAll(new Set(photos), POLICY);
    expect(rows.map(({ wnid, state, alsoIn }) => [wnid, state, alsoIn])).toEqual([
      ['n01', 'listed', ['n02']],
      ['n02', 'listed', ['n01']],
    ]);
  });

  it('accounts for every kept photo exactly once', () => {
    const photos = ['n01', 'n02', 'n03'].flatMap((wnid, i) => crowd(200, i + 1).map((photo) => ({ ...photo, wnid })));
    const rows = shortlistAll(photos, { cap: 5, nearDuplicateDistance: 6 });
    expect(rows.map(keyOf).toSorted()).toEqual(photos.map(keyOf).toSorted());
    const { kept, listed, leftOut } = countShortlist(rows);
    expect(kept).toBe(600);
    expect(listed + leftOut.cap + leftOut.nearDuplicate).toBe(600);
    expect(Math.min(listed, leftOut.cap, leftOut.nearDuplicate)).toBeGreaterThan(0);
  });

  it('sorts wnids by code unit, whatever the locale', () => {
    const photos = ['ä', 'a', 'Z', 'n10', 'n9'].map((wnid) => keptPhoto(wnid, { wnid }));
    expect(shortlistAll(photos, POLICY).map((row) => row.wnid)).toEqual(['Z', 'a', 'n10', 'n9', 'ä']);
  });
});

describe('markAlsoIn', () => {
  it('names the other classes that list the same bytes, sorted, and not those that leave them out', () => {
    const rows = [
      ...rowsOf('n04', ['shared', 'own'], 2),
      ...rowsOf('n01', ['filler', 'shared'], 1),
      ...rowsOf('n03', ['shared'], 1),
      ...rowsOf('n02', ['shared'], 1),
    ];
    const marks = markAlsoIn(rows).map(({ wnid, sha256, state, alsoIn }) => [wnid, sha256, state, alsoIn]);
    expect(marks).toEqual([
      ['n04', sha256Of('shared'), 'listed', ['n02', 'n03']],
      ['n04', sha256Of('own'), 'listed', []],
      ['n01', sha256Of('filler'), 'listed', []],
      ['n01', sha256Of('shared'), 'left-out', ['n02', 'n03', 'n04']],
      ['n03', sha256Of('shared'), 'listed', ['n02', 'n04']],
      ['n02', sha256Of('shared'), 'listed', ['n03', 'n04']],
    ]);
  });

  it('changes none of the rows it is given, and forgets earlier marks', () => {
    const rows = rowsOf('n01', ['a'], 1).map((row) => Object.freeze({ ...row, alsoIn: ['n09'] }));
    expect(markAlsoIn(rows).map((row) => row.alsoIn)).toEqual([[]]);
    expect(rows[0]?.alsoIn).toEqual(['n09']);
  });
});
