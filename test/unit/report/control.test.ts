import { expect, it } from 'vitest';
import { controlPart, type SeenByModel } from '../../../src/report/model-reports.process.ts';
import type { ReportedPhoto } from '../../../src/report/reported-photo.repository.ts';
import { wilsonInterval } from '../../../src/kernel/wilson.ts';

it('gives the accuracy of each model on the accepted controls that it saw, and the verdicts on all', () => {
  const seen = (right: number, wrong: number): SeenByModel['control'] => [
    ...Array.from({ length: right }, () => ({ predicted: 1, confidence: 0.9, truth: 1 })),
    ...Array.from({ length: wrong }, () => ({ predicted: 0, confidence: 0.5, truth: 1 })),
    null,
  ];
  const model = (name: string, control: SeenByModel['control']) =>
    ({ model: { card: { name } }, control }) as unknown as SeenByModel;
  const reviewed = ['accepted', 'accepted', 'rejected'].map((verdict) => ({ verdict }) as ReportedPhoto);
  expect(controlPart([model('lite2', seen(3, 1)), model('none', [null])], reviewed)).toEqual({
    control: [
      { model: 'lite2', photos: 4, accuracy: 0.75, ...wilsonInterval(3, 4) },
      { model: 'none', photos: 0, accuracy: null, low: null, high: null },
    ],
    controlVerdicts: { accepted: 2, rejected: 1 },
  });
});
