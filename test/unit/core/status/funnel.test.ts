import { describe, expect, it } from 'vitest';
import { funnelOf, sumOf, sumsThatFail, type VerdictCount } from '../../../../src/core/status/funnel.ts';
import type { Totals } from '../../../../src/core/kernel/funnel.ts';
import { candidateCount, photoCount } from './counts.ts';

const about = {
  collection: 'birds',
  mode: 'A',
  classes: [
    { wnid: 'n01', name: 'wren' },
    { wnid: 'n02', name: 'kite' },
  ],
} as const;

const candidates = [
  candidateCount(3, 'found'),
  candidateCount(20, 'fetched'),
  candidateCount(4, 'fetched', { source: 'flickr' }),
  candidateCount(2, 'fetched', { wnid: 'n02', source: 'flickr' }),
  candidateCount(1, 'failed', { source: 'flickr', reason: 'http-404' }),
  candidateCount(2, 'failed', { wnid: 'n02', reason: 'http-404' }),
  candidateCount(5, 'failed', { wnid: 'n02', reason: 'truncated' }),
  candidateCount(6, 'dropped', { wnid: 'n02', reason: 'too-small' }),
  candidateCount(7, 'dropped', { wnid: null, reason: 'unknown-class' }),
];
const photos = [
  photoCount(2, 'kept', { listed: 'listed' }),
  photoCount(3, 'kept', { listed: 'cap' }),
  photoCount(1, 'kept', { listed: 'near-duplicate' }),
  photoCount(4, 'kept'),
  photoCount(5, 'dropped', { reason: 'correct' }),
  photoCount(1, 'dropped', { source: 'flickr', reason: 'confident' }),
  photoCount(2, 'undecided', { isPruned: true }),
  photoCount(1, 'failed', { wnid: 'n02', source: 'flickr', reason: 'undecodable' }),
];

const verdicts: readonly VerdictCount[] = [
  { wnid: 'n01', source: 'folder', queryId: null, verdict: 'rejected', isPending: false, day: null, count: 1 },
];

const NOTHING = { candidates: [], photos: [], verdicts: [] };

describe('funnelOf', () => {
  const funnel = funnelOf(about, { candidates, photos, verdicts });

  it('sums up everything', () => {
    expect(funnel.totals).toEqual({
      found: 50,
      waiting: 3,
      fetched: 26,
      dropped: { 'too-small': 6, 'unknown-class': 7 },
      failed: { 'http-404': 3, truncated: 5 },
      duplicates: 7,
      decided: {
        kept: 10,
        correct: 5,
        confident: 1,
        notConfident: 0,
        otherClass: 0,
        inReferenceSet: 0,
        undecided: 2,
        failed: 1,
      },
      shortlisted: 2,
      leftOut: { cap: 3, nearDuplicate: 1, target: 0 },
      unlisted: 4,
      selected: 0,
      rejected: 1,
      unsure: 0,
      disputed: 0,
      unreviewed: 1,
      pruned: 2,
      undecidedPruned: 2,
      poisoned: 0,
    });
  });

  it('adds up in all, for each class and for each source', () => {
    for (const totals of [funnel.totals, ...funnel.classes, ...funnel.sources])
      expect(sumsThatFail(totals)).toEqual([]);
    for (const rows of [funnel.classes, funnel.sources])
      expect(rows.reduce((total, row) => total + row.found, 0)).toBe(50);
  });

  it('lists every class of the collection, then those candidates that have none', () => {
    expect(funnel.classes.map(({ wnid, name, found }) => [wnid, name, found])).toEqual([
      ['n01', 'wren', 28],
      ['n02', 'kite', 15],
      [null, 'no class of the collection', 7],
    ]);
    expect(funnelOf(about, NOTHING).classes.map((row) => row.wnid)).toEqual(['n01', 'n02']);
  });

  it('tells among the failed those that end processes', () => {
    const failed = photos.filter(({ state }) => state === 'failed');
    const poisoned = failed.map((one) => ({ ...one, reason: 'poison', count: 2 }));
    const { totals } = funnelOf(about, { ...NOTHING, photos: [...failed, ...poisoned] });
    expect([totals.decided.failed, totals.poisoned]).toEqual([3, 2]);
  });
});

describe('sumsThatFail', () => {
  const whole: Totals = { ...funnelOf(about, { candidates, photos, verdicts }).totals };
  const broken: readonly [string, Partial<Totals>, string][] = [
    ['a candidate that is nowhere', { found: 51 }, 'found is 51 but its parts sum up to 50'],
    ['a picture counted as waiting too', { waiting: 4 }, 'found is 50 but its parts sum up to 51'],
    ['a lost reason', { failed: { truncated: 5 } }, 'found is 50 but its parts sum up to 47'],
    ['a photo without a decision', { duplicates: 6 }, 'fetched is 26 but its parts sum up to 25'],
    ['a kept photo that is nowhere', { unlisted: 3 }, 'decided.kept is 10 but its parts sum up to 9'],
    ['a listed photo twice', { shortlisted: 3 }, 'decided.kept is 10 but its parts sum up to 11'],
    ['a review of nothing', { selected: 1 }, 'shortlisted is 2 but its parts sum up to 3'],
  ];

  it.each(broken)('finds %s', (_, change, sentence) => {
    expect(sumsThatFail({ ...whole, ...change })).toContain(sentence);
  });

  it('finds more photos than candidates that brought them, though the sum would hold', () => {
    const impossible = funnelOf(about, { ...NOTHING, candidates: candidates.slice(2, 3), photos: photos.slice(0, 4) });
    expect(sumsThatFail(impossible.totals)).toEqual(['duplicates is 0 but its parts sum up to -6']);
  });
});

it('sumOf takes what is absent for nothing', () => {
  expect([sumOf({}), sumOf({ a: 2, b: undefined, c: 3 })]).toEqual([0, 5]);
});
