import { describe, expect, it } from 'vitest';
import { drawQuestions, type QuizPhoto } from '../../../../../src/core/review/quiz/draw.ts';
import { PRACTICE_PHOTOS } from '../../../../../src/core/kernel/human-accuracy.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const CLASSES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
const OTHERS = { classes: CLASSES, secret: 'never told' };

function photos(count: number, changes: Partial<QuizPhoto> = {}): QuizPhoto[] {
  return Array.from({ length: count }, (_, i) => {
    const sha256 = sha256Of(`${i} ${changes.isControl === true ? 'control' : 'set'}`);
    return { sha256, wnid: CLASSES[i % 3] ?? '', isControl: false, ...changes };
  });
}

describe('drawing a quiz', () => {
  it('mixes as many controls as photos of the set, and takes other photos of the set for practice', () => {
    const controls = photos(40, { isControl: true });
    const isControl = new Set(controls.map(({ sha256 }) => sha256));
    const drawn = drawQuestions([...photos(100), ...controls], { photos: 30, choices: null }, OTHERS);
    const [practice, counted] = [drawn.slice(0, PRACTICE_PHOTOS), drawn.slice(PRACTICE_PHOTOS)];
    expect(practice.every((one) => one.isPractice && !isControl.has(one.sha256))).toBe(true);
    const marks = counted.map(({ sha256 }) => (isControl.has(sha256) ? 'c' : 's')).join('');
    expect([counted.length, marks.replaceAll('s', '').length]).toEqual([30, 15]);
    expect(marks).not.toMatch(/^s+c+$|^c+s+$/);
    expect(counted.some(({ isPractice }) => isPractice)).toBe(false);
    expect(new Set(drawn.map(({ sha256 }) => sha256)).size).toBe(50);
  });

  it('draws the same in any order of the photos', () => {
    const all = photos(60);
    const draw = (from: QuizPhoto[]) => drawQuestions(from, { photos: 20, choices: 3 }, OTHERS);
    expect(draw(all.toReversed())).toEqual(draw(all));
  });

  it('never has more controls than photos of the set', () => {
    const few = [...photos(3), ...photos(40, { isControl: true })];
    expect(drawQuestions(few, { photos: 20, choices: null }, OTHERS)).toHaveLength(6);
  });

  it('offers the class searched among other classes, which are each as likely as any other', () => {
    const drawn = drawQuestions(photos(3_000), { photos: 3_000, choices: 3 }, OTHERS);
    const counts = new Map<string, number>();
    for (const { wnid, choices } of drawn) {
      expect([choices?.length, new Set(choices).size, choices?.includes(wnid)]).toEqual([3, 3, true]);
      if (wnid === 'n1') for (const one of choices ?? []) counts.set(one, (counts.get(one) ?? 0) + 1);
    }
    // Two of the five others for each of the 1,000 photos: 400, with a standard deviation of 15.5.
    for (const other of CLASSES.slice(1)) expect(Math.abs((counts.get(other) ?? 0) - 400)).toBeLessThan(70);
  });
});
