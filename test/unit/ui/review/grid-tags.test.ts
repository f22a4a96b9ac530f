import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../src/kernel/ids.ts';
import { markOf, nextMark, tagChanges, type TagMark } from '../../../../src/ui/review/grid-tags.ts';

const subject = (photo: number) => ({ sha256: toSha256(String(photo).padStart(64, '0')), wnid: 'n01440764' });
const photos = [['pose'], ['pattern', 'pose'], [], ['pose']].map((tags, i) => ({ subject: subject(i), tags }));

describe('markOf', () => {
  it('tells a tag of all photos from a tag of some and a tag of none', () => {
    const chosen = [['pose', 'pattern'], ['pose']];
    expect(['pose', 'pattern', 'scale'].map((tag) => markOf(tag, chosen))).toEqual([true, 'mixed', false]);
    expect(markOf('pose', [])).toBe(false);
  });
});

describe('nextMark', () => {
  it.each([
    ['mixed', [true, false, 'mixed']],
    [true, [false, true, false]],
    [false, [true, false, true]],
  ] as const)('a tag that starts as %s becomes %j', (before, expected) => {
    let mark: TagMark = before;
    expect([1, 2, 3].map(() => (mark = nextMark(mark, before)))).toEqual(expected);
  });
});

describe('tagChanges', () => {
  it('changes only toggled tags, and groups photos by what they have afterwards', () => {
    expect(tagChanges(photos, new Map([['pattern', true]]))).toEqual([
      { subjects: [subject(0), subject(3)], tags: ['pose', 'pattern'] },
      { subjects: [subject(2)], tags: ['pattern'] },
    ]);
    expect(tagChanges(photos, new Map([['pose', false]]))).toEqual([
      { subjects: [subject(0), subject(3)], tags: [] },
      { subjects: [subject(1)], tags: ['pattern'] },
    ]);
  });

  it('changes nothing if no tag is toggled', () => {
    expect(tagChanges(photos, new Map())).toEqual([]);
  });
});
