import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../src/kernel/ids.ts';
import {
  EMPTY_QUEUE,
  goTo,
  move,
  shownIn,
  toNextOpen,
  withMore,
  without,
  type Queue,
} from '../../../../src/ui/review/queue.ts';

const subject = (photo: number) => ({ sha256: toSha256(String(photo).padStart(64, '0')), wnid: 'n01440764' });
const queueOf = (...photos: number[]): Queue => withMore(EMPTY_QUEUE, photos.map(subject));
const shown = (queue: Queue): number | null => {
  const found = shownIn(queue);
  return found === null ? null : Number(found.sha256);
};

describe('the queue of photos', () => {
  it('shows the first photo, and takes each photo once', () => {
    const queue = withMore(queueOf(1, 2), [subject(2), subject(3)]);
    expect([shown(queue), queue.subjects.length]).toEqual([1, 3]);
  });

  it('goes from a decision to the next open photo, then to open ones that were passed over, then to none', () => {
    const decided = new Set([2]);
    const isOpen = ({ sha256 }: { sha256: string }) => !decided.has(Number(sha256));
    let queue = move(queueOf(1, 2, 3, 4), 2);
    decided.add(3);
    queue = toNextOpen(queue, isOpen);
    expect(shown(queue)).toBe(4);
    decided.add(4);
    queue = toNextOpen(queue, isOpen);
    expect(shown(queue)).toBe(1);
    decided.add(1);
    queue = toNextOpen(queue, isOpen);
    expect(shown(queue)).toBeNull();
    expect(shown(withMore(queue, [subject(5)]))).toBe(5);
  });

  it('moves no further than its ends', () => {
    expect([shown(move(queueOf(1, 2), -1)), shown(move(queueOf(1, 2), 5))]).toEqual([1, 2]);
  });

  it('shows a photo from before in the place before the shown one', () => {
    const queue = goTo(move(queueOf(1, 2), 1), subject(9));
    expect([shown(queue), shown(move(queue, 1)), shown(move(queue, -1))]).toEqual([9, 2, 1]);
    expect(shown(goTo(queue, subject(1)))).toBe(1);
  });

  it('keeps the shown photo when photos around it are taken out, and shows the one after it when it is', () => {
    const queue = move(queueOf(1, 2, 3, 4), 2);
    expect(shown(without(queue, [subject(1), subject(4)]))).toBe(3);
    expect(shown(without(queue, [subject(2), subject(3)]))).toBe(4);
    expect(shown(without(queue, [subject(3), subject(4)]))).toBeNull();
  });
});
