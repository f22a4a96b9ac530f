import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../../src/core/kernel/ids.ts';
import type { ReviewChange } from '../../../../../src/core/review/desk/desk.ts';
import { chipsOf, isGone } from '../../../../../src/web/pages/review/filter-chips.tsx';
import { tagChanges } from '../../../../../src/web/pages/review/photo-dialog.tsx';
import { hrefOf, searchOf, parseView, type ReviewView } from '../../../../../src/web/pages/review/view-url.ts';
import { actionText, doneText } from '../../../../../src/web/pages/review/words.ts';

const subjects = [0, 1, 2, 3].map((photo) => ({ sha256: toSha256(String(photo).repeat(64)), wnid: 'n01440764' }));
const [first, second, third, fourth] = subjects;
const one = subjects.slice(0, 1);

describe('the address of a review page', () => {
  const view: ReviewView = {
    filter: {
      wnid: 'n01440764',
      confusion: 'n01443537',
      source: 'flickr',
      state: 'rejected',
      reason: 'wrong-class',
      tag: 'pose',
      flagged: true,
      pMin: 0,
      pMax: 0.05,
    },
    order: 'lowest',
    balanced: 50,
    photo: { sha256: toSha256('a'.repeat(64)), wnid: 'n01440764' },
  };

  it('holds the whole view, and gives it back', () => {
    expect(parseView(searchOf(view))).toEqual(view);
    const search = searchOf({ ...view, photo: undefined });
    expect(search).toBe(
      '?class=n01440764&as=n01443537&source=flickr&state=rejected&reason=wrong-class&tag=pose&flagged=1&p-min=0&p-max=0.05&order=lowest&balanced=50',
    );
    expect(hrefOf('my birds', 'class/n01440764')).toBe('/c/my%20birds/review/class/n01440764');
  });

  it('leaves out what cannot be read', () => {
    const search = '?state=toString&order=grid&reason=x&p-min=2&p-max=&balanced=0&photo=abc.n01440764&flagged=yes';
    expect(parseView(search)).toEqual({ filter: {} });
    expect(parseView('?noise=1&order=noise')).toEqual({ filter: {} });
  });

  it('has a chip for each part of its filter, which leads to the filter without it', () => {
    const chips = chipsOf(view.filter, (wnid) => ({ n01440764: 'tench' })[wnid] ?? wnid);
    expect(chips.map(({ text }) => text)).toEqual([
      'rejected',
      'searched as tench',
      'models see n01443537',
      'from flickr',
      'wrong class',
      'tagged pose',
      'flagged',
      'p from 0',
      'p up to 0.05',
    ]);
    expect(chips[0]?.without).toEqual({ ...view.filter, state: undefined });
  });
});

it.each([
  [{ state: 'accepted', reason: null }, { state: 'open' }, true],
  [{ state: 'accepted', reason: null }, { state: 'accepted' }, false],
  [{ state: 'rejected', reason: 'other' }, { reason: 'wrong-class' }, true],
  [{ state: 'rejected', reason: 'other' }, { wnid: 'n01440764' }, false],
  [{ mine: { flagged: false } }, { flagged: true }, true],
  [{ mine: { flagged: true } }, { state: 'open' }, false],
] as const)('a photo changed to %j fails the filter %j: %s', (change, filter, expected) => {
  expect(isGone(change, filter)).toBe(expected);
});

it.each([
  [
    { pattern: true },
    [
      { subjects: [first, fourth], tags: ['pose', 'pattern'] },
      { subjects: [third], tags: ['pattern'] },
    ],
  ],
  [
    { pose: false },
    [
      { subjects: [first, fourth], tags: [] },
      { subjects: [second], tags: ['pattern'] },
    ],
  ],
  [{}, []],
])('ticking %j changes only the photos whose tags become others', (ticked, expected) => {
  const tags = [['pose'], ['pattern', 'pose'], [], ['pose']];
  const photos = subjects.map((subject, i) => ({ ...subject, mine: { tags: tags[i] ?? [] } }));
  expect(tagChanges(photos, new Map(Object.entries(ticked)))).toEqual(expected);
});

it.each<[string, ReviewChange]>([
  [
    'wrong class',
    { kind: 'verdict', subjects: one, value: { verdict: 'reject', reason: 'wrong-class', shownBy: 'lowest' } },
  ],
  ['accepted (4 photos)', { kind: 'adjudicate', subjects, value: { verdict: 'accept', reason: null } }],
  ['tags: pose, person blocking', { kind: 'tag', subjects: one, value: { tags: ['pose', 'person_blocking'] } }],
  ['note: “blurred”', { kind: 'note', subjects: one, value: { note: 'blurred' } }],
  ['no note', { kind: 'note', subjects: one, value: { note: '' } }],
  ['flag taken off', { kind: 'flag', subjects: one, value: { flagged: false } }],
  ['redo', { kind: 'redo', of: { client: 'tab', sequence: 1 } }],
])('an action is called “%s”', (text, change) => {
  expect(actionText(change)).toBe(text);
});

it('a decision on several photos says how many it left as they are', () => {
  expect(doneText('accepted', { stored: 1_200, skipped: 0 })).toBe('1,200 accepted');
  expect(doneText('done again', { stored: 2, skipped: 3 })).toMatch(/^2 done again, 3 left as they are: /);
});
