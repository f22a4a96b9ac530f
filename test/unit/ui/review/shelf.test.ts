import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../src/kernel/ids.ts';
import type { ClassProgress, ReviewPhoto } from '../../../../src/review/desk/desk.ts';
import { decidesForAll, decisionsOn, Shelf, subjectKey } from '../../../../src/ui/review/shelf.ts';

const subject = { sha256: toSha256('1'.repeat(64)), wnid: 'n01440764' };
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
  state: 'open',
  reason: null,
  isSettled: false,
  mine: { verdict: null, reason: null, tags: ['pose'], note: 'before', flagged: false },
  others: [],
};

const PROGRESS: ClassProgress = {
  wnid: 'n01440764',
  name: 'tench',
  listed: 2,
  open: 2,
  accepted: 0,
  rejected: 0,
  unsure: 0,
  disputed: 0,
};

function shelf(): Shelf {
  const made = new Shelf();
  made.putClasses([PROGRESS]);
  made.putPhotos([PHOTO], NOBODY);
  return made;
}

describe('the shelf of a page', () => {
  it('applies a decision at once, to the photo and to the counts', () => {
    const made = shelf();
    made.apply(
      ref(1),
      { kind: 'verdict', subjects: [subject], value: { verdict: 'accept', reason: null, shownBy: 'lowest' } },
      null,
    );
    expect(made.photo(subject)).toMatchObject({ state: 'accepted', mine: { verdict: 'accept', tags: ['pose'] } });
    expect(made.progress('n01440764')).toMatchObject({ open: 1, accepted: 1 });
    expect(made.acceptedOf(PHOTO)).toBe(4);
  });

  it('gives back every field by undos, and changes it again by redos', () => {
    const made = shelf();
    const subjects = [subject];
    made.apply(ref(1), { kind: 'tag', subjects, value: { tags: ['pattern'] } }, null);
    made.apply(ref(2), { kind: 'note', subjects, value: { note: 'after' } }, null);
    made.apply(ref(3), { kind: 'flag', subjects, value: { flagged: true } }, null);
    made.apply(
      ref(4),
      { kind: 'verdict', subjects, value: { verdict: 'reject', reason: 'other', shownBy: 'lowest' } },
      null,
    );
    const changed = made.photo(subject);
    for (const sequence of [4, 3, 2, 1]) made.apply(ref(9 - sequence), { kind: 'undo', of: ref(sequence) }, null);
    expect(made.photo(subject)).toEqual(PHOTO);
    expect(made.progress('n01440764')).toEqual(PROGRESS);
    for (const sequence of [8, 7, 6, 5]) made.apply(ref(17 - sequence), { kind: 'redo', of: ref(sequence) }, null);
    expect(made.photo(subject)).toEqual(changed);
  });

  it('keeps its own values for photos that the server has not seen changed', () => {
    const made = shelf();
    made.apply(ref(1), { kind: 'flag', subjects: [subject], value: { flagged: true } }, null);
    made.putPhotos([PHOTO], (key) => key === subjectKey(subject));
    expect(made.photo(subject)?.mine.flagged).toBe(true);
    made.putPhotos([PHOTO], NOBODY);
    expect(made.photo(subject)?.mine.flagged).toBe(false);
  });

  it('opens a photo again when a decision from before the page was loaded is undone', () => {
    const made = new Shelf();
    made.putPhotos([{ ...PHOTO, state: 'accepted', mine: { ...PHOTO.mine, verdict: 'accept' } }], NOBODY);
    const target = { kind: 'verdict', subject, judgement: { verdict: 'accept', reason: null } } as const;
    made.apply(ref(2), { kind: 'undo', of: { client: 'earlier', sequence: 7 } }, target);
    expect(made.photo(subject)).toMatchObject({ state: 'open', mine: { verdict: null, tags: ['pose'] } });
    made.apply(ref(3), { kind: 'redo', of: ref(2) }, target);
    expect(made.photo(subject)).toMatchObject({ state: 'accepted', mine: { verdict: 'accept' } });
  });

  it('counts a photo as settled from its adjudication until that is undone', () => {
    const made = shelf();
    const value = { verdict: 'reject', reason: 'other' } as const;
    made.apply(ref(1), { kind: 'adjudicate', subjects: [subject], value }, null);
    expect(made.photo(subject)).toMatchObject({ state: 'rejected', isSettled: true, mine: { verdict: null } });
    made.apply(ref(2), { kind: 'undo', of: ref(1) }, null);
    expect(made.photo(subject)).toEqual(PHOTO);
  });

  it('counts a photo as not settled when its adjudication from before the page was loaded is undone', () => {
    const made = new Shelf();
    made.putPhotos([{ ...PHOTO, state: 'accepted', isSettled: true }], NOBODY);
    const target = { kind: 'adjudicate', subject, judgement: { verdict: 'accept', reason: null } } as const;
    made.apply(ref(2), { kind: 'undo', of: { client: 'earlier', sequence: 7 } }, target);
    expect(made.photo(subject)?.isSettled).toBe(false);
    made.apply(ref(3), { kind: 'redo', of: ref(2) }, target);
    expect(made.photo(subject)?.isSettled).toBe(true);
  });
});

describe('decisionsOn', () => {
  const other = { sha256: toSha256('2'.repeat(64)), wnid: 'n01440764' };
  const judgement = { verdict: 'accept', reason: null } as const;
  const kinds = (settled: readonly (typeof subject)[]) =>
    decisionsOn([subject, other], { judgement, shownBy: 'grid', isForAll: (one) => settled.includes(one) }).map(
      ({ kind, subjects }) => [kind, subjects],
    );

  it('is one action if all photos are of one kind', () => {
    expect(kinds([])).toEqual([['verdict', [subject, other]]]);
    expect(kinds([subject, other])).toEqual([['adjudicate', [subject, other]]]);
  });

  it('adjudicates settled photos beside a verdict on the others', () => {
    expect(kinds([subject])).toEqual([
      ['verdict', [other]],
      ['adjudicate', [subject]],
    ]);
  });

  it('decides for all on a settled photo, and on a disputed one that is seen alone', () => {
    const kindsOf = (state: ReviewPhoto['state'], isSettled: boolean): boolean[] =>
      [true, false].map((isAlone) => decidesForAll({ state, isSettled }, isAlone));
    expect(kindsOf('accepted', true)).toEqual([true, true]);
    expect(kindsOf('disputed', false)).toEqual([true, false]);
    expect(kindsOf('accepted', false)).toEqual([false, false]);
  });
});
