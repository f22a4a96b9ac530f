import { expect, it } from 'vitest';
import { controlPart, type SeenByModel } from '../../../../src/measure/report/model-reports.process.ts';
import type { ReportedPhoto } from '../../../../src/measure/report/reported-photo.repository.ts';
import { wilsonInterval } from '../../../../src/core/kernel/wilson.ts';

const NO_DIFFERENCE = { difference: null, differenceLow: null, differenceHigh: null };

it('gives the accuracy of each model on accepted controls with its difference from the set, and the verdicts on all', () => {
  const seen = (right: number, wrong: number): SeenByModel['control'] => [
    ...Array.from({ length: right }, () => ({ predicted: 1, confidence: 0.9, truth: 1 })),
    ...Array.from({ length: wrong }, () => ({ predicted: 0, confidence: 0.5, truth: 1 })),
    null,
  ];
  const model = (name: string, control: SeenByModel['control'], rightOnSet = 1) =>
    ({ model: { card: { name } }, control, photos: { predictions: seen(rightOnSet, 9) } }) as unknown as SeenByModel;
  const reviewed = ['accepted', 'accepted', 'rejected'].map((verdict) => ({ verdict }) as ReportedPhoto);
  const models = [model('lite2', seen(6, 2)), model('none', [null]), model('member', seen(6, 2), 0)];
  expect(controlPart(models, reviewed, [{}, {}, { accuracyByRule: true }])).toEqual({
    control: [
      {
        model: 'lite2',
        photos: 8,
        accuracy: 0.75,
        ...wilsonInterval(6, 8),
        difference: 0.65,
        // Newcombe (1998), method 10: 0.75 is 0.4093 to 0.9285, and 0.1 is 0.0179 to 0.4042.
        differenceLow: expect.closeTo(0.65 - Math.hypot(0.75 - 0.409_275, 0.404_150 - 0.1), 4),
        differenceHigh: expect.closeTo(0.65 + Math.hypot(0.928_521 - 0.75, 0.1 - 0.017_876), 4),
      },
      { model: 'none', photos: 0, accuracy: null, low: null, high: null, ...NO_DIFFERENCE },
      {
        model: 'member',
        photos: 8,
        accuracy: 0.75,
        ...wilsonInterval(6, 8),
        difference: 0.75,
        // That of the controls alone: 0 by the rule is no estimate.
        differenceLow: expect.closeTo(0.409_275, 4),
        differenceHigh: expect.closeTo(0.928_521, 4),
      },
    ],
    controlVerdicts: { accepted: 2, rejected: 1 },
  });
});
