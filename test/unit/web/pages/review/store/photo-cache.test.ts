import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../../../src/core/kernel/ids.ts';
import type { ClassProgress, ReviewChange, ReviewPhoto } from '../../../../../../src/core/review/desk/desk.ts';
import { isLeftUnsure } from '../../../../../../src/web/pages/review/single/disputes.tsx';
import { PhotoCache } from '../../../../../../src/web/pages/review/store/photo-cache.ts';

const subject = { sha256: toSha256('1'.repeat(64)), wnid: 'n01440764' };
const subjects = [subject];
const ref = (sequence: number) => ({ client: 'tab', sequence });
const NOBODY = () => false;

const PHOTO: ReviewPhoto = {
  ...subject,
  name: 'tench',
  rank: 1,
  confusionWnid: 'n01443537',
  confusionName: 'goldfish',
  maxTrueProb: 0.01,
  confusionProb: 0.7,
  acceptedOfConfusion: 3,
  isNoise: false,
  width: 100,
  height: 100,
  source: 'flickr',
  pageUrl: null,
  creator: null,
  licence: 'CC-BY-4.0',
  licenceUrl: null,
  foundAt: '2026-11-26T12:00:00.000Z',
  seen: 0,
  state: 'open',
  reason: null,
  isSettled: false,
  mine: { verdict: null, reason: null, alsoWnids: [], tags: ['pose'], note: 'before', flagged: false },
  others: [],
};
const NONE = { accepted: 0, rejected: 0, unsure: 0, disputed: 0 };
const PROGRESS: ClassProgress = { wnid: 'n01440764', name: 'tench', listed: 2, open: 2, ...NONE };

function cacheWith(photo: ReviewPhoto): PhotoCache {
  const made = new PhotoCache();
  made.putClasses([PROGRESS]);
  made.putPhotos([photo], NOBODY);
  return made;
}

const CHANGES: readonly ReviewChange[] = [
  { kind: 'tag', subjects, value: { tags: ['pattern'] } },
  { kind: 'note', subjects, value: { note: 'after' } },
  { kind: 'flag', subjects, value: { flagged: true } },
  { kind: 'verdict', subjects, value: { verdict: 'accept', reason: null, shownBy: 'lowest' } },
  { kind: 'adjudicate', subjects, value: { verdict: 'reject', reason: 'other' } },
];

describe('the cache of a page', () => {
  it('applies each change at once, gives back every field by undos, and changes it again by redos', () => {
    const cache = cacheWith(PHOTO);
    for (const [i, change] of CHANGES.entries()) cache.apply(ref(i + 1), change, null);
    expect([cache.progress('n01440764'), cache.acceptedOf(PHOTO)]).toMatchObject([{ open: 1, rejected: 1 }, 3]);
    const changed = cache.photo(subject);
    const mine = { verdict: 'accept', reason: null, tags: ['pattern'], note: 'after', flagged: true };
    expect(changed).toMatchObject({ state: 'rejected', reason: 'other', isSettled: true, mine });
    for (const sequence of [5, 4, 3, 2, 1]) cache.apply(ref(11 - sequence), { kind: 'undo', of: ref(sequence) }, null);
    expect([cache.photo(subject), cache.progress('n01440764')]).toEqual([PHOTO, PROGRESS]);
    for (const sequence of [10, 9, 8, 7, 6]) cache.apply(ref(21 - sequence), { kind: 'redo', of: ref(sequence) }, null);
    expect(cache.photo(subject)).toEqual(changed);
  });

  it('keeps its own values until the server has them, also for a photo that is loaded later', () => {
    for (const cache of [cacheWith(PHOTO), new PhotoCache()]) {
      cache.apply(ref(1), { kind: 'flag', subjects, value: { flagged: true } }, null);
      cache.putPhotos([PHOTO], () => true);
      expect(cache.photo(subject)?.mine.flagged).toBe(true);
      cache.putPhotos([PHOTO], NOBODY);
      expect(cache.photo(subject)?.mine.flagged).toBe(false);
    }
  });

  it.each(['verdict', 'adjudicate'] as const)('guesses what the undo of a %s of an earlier page restores', (kind) => {
    const isSettled = kind === 'adjudicate';
    const cache = cacheWith({ ...PHOTO, state: 'accepted', isSettled, mine: { ...PHOTO.mine, verdict: 'accept' } });
    const target = { ...ref(7), kind, subject, photos: 1, judgement: { verdict: 'accept', reason: null } } as const;
    cache.apply(ref(2), { kind: 'undo', of: ref(7) }, target);
    expect(cache.photo(subject)).toMatchObject({ state: 'open', isSettled: false, mine: { verdict: null } });
    cache.apply(ref(3), { kind: 'redo', of: ref(2) }, target);
    expect(cache.photo(subject)).toMatchObject({ state: 'accepted', isSettled, mine: { verdict: 'accept' } });
  });
});

it.each([
  [false, 'unsure', 2, true],
  [false, null, 3, true],
  [false, null, 2, false],
  [true, 'unsure', 3, false],
] as const)(
  'a photo that three leave unsure needs an adjudication until it is settled: %j',
  (...[isSettled, verdict, count, expected]) => {
    const others = ['ben', 'cleo', 'dan'].map((reviewer) => ({ ...PHOTO.mine, verdict: 'unsure' as const, reviewer }));
    const mine = { ...PHOTO.mine, verdict };
    expect(isLeftUnsure({ isSettled, mine, others: others.slice(0, count) })).toBe(expected);
  },
);
