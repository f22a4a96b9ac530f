import { describe, expect, it } from 'vitest';
import { LearntCropOrder } from '../../../../src/filter/rule/crop-order.ts';
import type { CropRef } from '../../../../src/models/evidence/evidence.ts';

const everyCrop: CropRef[] = [0, 1].flatMap((member) => Array.from({ length: 10 }, (_, crop) => ({ member, crop })));
const CENTRE = 4;

describe('LearntCropOrder', () => {
  it('knowing nothing, begins with the centre of the cheapest member', () => {
    expect(new LearntCropOrder([1, 2]).next(everyCrop)).toEqual({ member: 0, crop: CENTRE });
    expect(new LearntCropOrder([2, 1]).next(everyCrop)).toEqual({ member: 1, crop: CENTRE });
  });

  it('turns to the crop that decides most photos for the time it takes', () => {
    const order = new LearntCropOrder([1, 1]);
    for (let i = 0; i < 100; i += 1) {
      order.learn({ member: 0, crop: CENTRE }, i % 10 === 0);
      order.learn({ member: 1, crop: 2 }, i % 2 === 0);
    }
    expect(order.next(everyCrop)).toEqual({ member: 1, crop: 2 });
    // Six times as dear, it is not worth it any more.
    order.learnCost(0, { crops: 10, durationMs: 100 });
    order.learnCost(1, { crops: 10, durationMs: 600 });
    expect(order.next(everyCrop)?.member).toBe(0);
  });

  it('does not compare a member that was timed with one that was not', () => {
    const order = new LearntCropOrder([1, 2]);
    order.learnCost(0, { crops: 1, durationMs: 1_000 });
    expect(order.next(everyCrop)).toEqual({ member: 0, crop: CENTRE });
  });

  it('chooses only what it is offered', () => {
    const order = new LearntCropOrder([1, 2]);
    expect(order.next([{ member: 1, crop: 7 }])).toEqual({ member: 1, crop: 7 });
    expect(order.next([])).toBeUndefined();
  });
});
