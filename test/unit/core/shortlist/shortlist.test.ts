import { describe, expect, it } from 'vitest';
import {
  changesOfList,
  countShortlist,
  markAlsoIn,
  shortlistClass,
  SUREST_FIRST,
  type KeptPhoto,
  type ReviewedAs,
  type ShortlistPolicy,
  type ShortlistRow,
} from '../../../../src/core/shortlist/shortlist.ts';
import { groupBy } from '../../../../src/core/kernel/group-by.ts';
import { seededRandom } from '../../../support/random.ts';
import { sha256Of } from '../../../support/sha256.ts';
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
function naiveShortlist(
  photos: readonly KeptPhoto[],
  { cap, nearDuplicateDistance, target }: ShortlistPolicy,
): unknown[] {
  const order = photos.toSorted(
    (a, b) => Number(a.maxTrueProb) - Number(b.maxTrueProb) || (a.sha256 < b.sha256 ? -1 : 1),
  );
  const listed = order.filter(isReviewed);
  const leftOut: unknown[] = [];
  for (const photo of order.filter((one) => !isReviewed(one))) {
    const twin = listed.find(
      (other) => bigDistance(other.perceptualHash, photo.perceptualHash) <= nearDuplicateDistance,
    );
    const places = listed.filter(
      (other) => other.reviewedAs !== 'rejected' && other.confusionWnid === photo.confusionWnid,
    );
    const hopeful = listed.filter((other) => !isReviewed(other) || other.reviewedAs === 'accepted');
    if (twin !== undefined) leftOut.push([null, photo.sha256, 'near-duplicate', twin.sha256]);
    else if (places.length >= cap) leftOut.push([null, photo.sha256, 'cap', null]);
    else if (hopeful.length >= (target ?? Infinity)) leftOut.push([null, photo.sha256, 'target', null]);
    else listed.push(photo);
  }
  const ranked = order.filter((photo) => listed.includes(photo));
  return [...ranked.map((photo, i) => [i + 1, photo.sha256, null, null]), ...leftOut];
}

const isReviewed = ({ reviewedAs = null }: KeptPhoto): boolean => reviewedAs !== null;

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

const VERDICTS: readonly ReviewedAs[] = ['accepted', 'rejected', 'unsure', 'disputed'];

/** The same photos, of which people have reviewed some that are on the shortlist. */
function reviewed(photos: readonly KeptPhoto[], policy: ShortlistPolicy, seed: number): KeptPhoto[] {
  const random = seededRandom(seed).next;
  const listed = new Set(listedOf(shortlistClass(photos, policy)));
  return photos.map((photo) => {
    if (isReviewed(photo) || !listed.has(photo.sha256) || random() < 0.6) return photo;
    return { ...photo, reviewedAs: VERDICTS[Math.floor(random() * VERDICTS.length)] ?? null };
  });
}

function listedOf(rows: readonly ShortlistRow[]): string[] {
  return rows.filter(({ state }) => state === 'listed').map(({ sha256 }) => sha256);
}

function countsOf(values: readonly string[]): Map<string, number> {
  return new Map([...groupBy(values, (value) => value)].map(([value, all]) => [value, all.length]));
}

describe('shortlistClass', () => {
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

  it('lists, of copies of one original, the one found first, or the one that was reviewed', () => {
    const of = (name: string, maxTrueProb: number, more: Partial<KeptPhoto>) =>
      keptPhoto(name, { maxTrueProb, original: 'flickr:1', ...more });
    const first = of('first', 0.1, { foundAs: 1 });
    const copy = of('copy', 0.01, { foundAs: 2 });
    const [listed, leftOut] = shortlistClass([copy, first], POLICY);
    expect([listed?.sha256, leftOut?.reason, leftOut?.twinSha256]).toEqual([
      first.sha256,
      'near-duplicate',
      first.sha256,
    ]);
    const withVerdict = shortlistClass([{ ...copy, reviewedAs: 'accepted' }, first], POLICY);
    expect(summary(withVerdict)).toEqual([
      [1, copy.sha256, null, null],
      [null, first.sha256, 'near-duplicate', copy.sha256],
    ]);
    const full = shortlistClass([copy, first, keptPhoto('best', { maxTrueProb: 0 })], { ...POLICY, cap: 1 });
    expect(full.map(({ reason }) => reason)).toEqual([null, 'cap', 'cap']);
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

  it.each(['', '0123456789abcdeg'])("refuses the perceptual hash '%s'", (perceptualHash) => {
    expect(() => shortlistClass([keptPhoto('a', { perceptualHash }), keptPhoto('b')], POLICY)).toThrow(
      `16 lower-case hex digits for a perceptual hash but received '${perceptualHash}'`,
    );
  });
});

describe('a shortlist with reviews', () => {
  it('lists unreviewed photos until they and the accepted ones reach the target', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const photos = names.map((name, i) => keptPhoto(name, { maxTrueProb: i / 100, confusionWnid: `n0${i % 2}` }));
    const rowsWith = (...verdicts: (ReviewedAs | null)[]): ShortlistRow[] =>
      shortlistClass(
        photos.map((photo, i) => ({ ...photo, reviewedAs: verdicts[i] ?? null })),
        { ...POLICY, target: 3 },
      );
    const listed = (...verdicts: (ReviewedAs | null)[]): string => {
      const rows = listedOf(rowsWith(...verdicts));
      return names.filter((name) => rows.includes(sha256Of(name))).join('');
    };
    expect(listed()).toBe('abc');
    expect(listed('accepted')).toBe('abc');
    expect(listed('rejected')).toBe('abcd');
    expect(listed('rejected', 'unsure', 'disputed')).toBe('abcdef');
    expect(listed('accepted', 'accepted', 'accepted', 'accepted')).toBe('abcd');
    expect(rowsWith().map(({ reason }) => reason)).toEqual([null, null, null, 'target', 'target', 'target']);
    expect(countShortlist(rowsWith())).toEqual({
      kept: 6,
      listed: 3,
      leftOut: { cap: 0, nearDuplicate: 0, target: 3 },
    });
  });

  it.each([
    [1, { cap: 15, nearDuplicateDistance: 6 }],
    [2, { cap: 3, nearDuplicateDistance: 6 }],
    [3, { cap: 3, nearDuplicateDistance: 6, target: 8 }],
    [4, { cap: 1, nearDuplicateDistance: 0, target: 3 }],
    [5, { cap: 20, nearDuplicateDistance: 10, target: 30 }],
    [6, { cap: 1000, nearDuplicateDistance: 64 }],
  ])(
    'agrees with a plain reading of the rules, and keeps what was reviewed while a crawl goes on: seed %i, %j',
    (seed, policy: ShortlistPolicy) => {
      let photos = crowd(120, seed);
      for (let round = 1; round <= 5; round += 1) {
        photos = [...reviewed(photos, policy, seed * 100 + round), ...crowd(60, seed * 1000 + round)];
        const rows = shortlistClass(photos, policy);
        expect(summary(rows)).toEqual(naiveShortlist(photos, policy));
        const listed = new Set(listedOf(rows));
        const isListed = ({ sha256 }: KeptPhoto): boolean => listed.has(sha256);
        expect(photos.filter((photo) => isReviewed(photo) && !isListed(photo))).toEqual([]);
        const counting = photos.filter((photo) => isListed(photo) && photo.reviewedAs !== 'rejected');
        const held = countsOf(counting.filter(isReviewed).map(({ confusionWnid }) => confusionWnid));
        for (const [confusion, count] of countsOf(counting.map(({ confusionWnid }) => confusionWnid)))
          expect(count).toBeLessThanOrEqual(Math.max(policy.cap, held.get(confusion) ?? 0));
        const accepted = counting.filter(({ reviewedAs }) => reviewedAs === 'accepted').length;
        const unreviewed = counting.filter((photo) => !isReviewed(photo)).length;
        expect(unreviewed).toBeLessThanOrEqual(Math.max(0, (policy.target ?? Infinity) - accepted));
      }
    },
  );

  it('is the same in whatever order photos and verdicts came', () => {
    const policy = { cap: 3, nearDuplicateDistance: 6, target: 12 };
    const photos = reviewed(crowd(300, 7), policy, 8);
    const expected = shortlistClass(photos, policy);
    expect(photos.some(isReviewed)).toBe(true);
    expect(shortlistClass(seededRandom(9).shuffle(photos), policy)).toEqual(expected);
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

it('changesOfList counts what a build has put on the list and taken off, by photo and class', () => {
  const before = [...rowsOf('n01', ['a', 'b'], 2), ...rowsOf('n02', ['a'], 1)];
  const after = [...rowsOf('n01', ['a', 'c', 'd'], 2), ...rowsOf('n03', ['a'], 1)];
  expect(changesOfList(before, after)).toEqual({ added: 2, removed: 2 });
  expect(changesOfList(before, before)).toEqual({ added: 0, removed: 0 });
  expect(changesOfList([], after)).toEqual({ added: 3, removed: 0 });
});
