import { describe, expect, it } from 'vitest';
import { summariseCrop, type CropEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import { cropSizesOf, preprocessingVersion } from '../../../../../src/core/models/evidence/member.ts';
import { alsoSeen, modelEvidence, type ModelInputShown } from '../../../../../src/core/review/desk/evidence-shown.ts';

const WNIDS = ['ant', 'bee', 'cat', 'dog', 'eel', 'fly', 'gnu'];
const SUBJECT = {
  photo: { width: 400, height: 300 },
  wnids: WNIDS,
  nameOf: (wnid: string) => `the ${wnid}`,
  searched: 'ant',
  predicted: 'bee',
};

/** A crop with these probabilities. Other classes share the rest. */
function cell(probs: Readonly<Record<string, number>>): CropEvidence {
  const rest = 1 - Object.values(probs).reduce((sum, prob) => sum + prob, 0);
  const others = WNIDS.length - Object.keys(probs).length;
  return summariseCrop(
    Float32Array.from(WNIDS, (wnid) => Math.log(probs[wnid] ?? rest / others)),
    [],
  );
}

function model(...crops: (CropEvidence | null)[]): ModelInputShown {
  return { model: 'm', heatmap: 'occlusion', input: { size: 224, shorterSide: 256, isSquare: false }, crops };
}

describe('classes that are also seen', () => {
  it('are those that a crop puts first, or that several crops find likely, except the searched and the predicted one', () => {
    const one = model(cell({ bee: 0.5, ant: 0.2, cat: 0.15, dog: 0.12 }), cell({ eel: 0.4, bee: 0.3, cat: 0.2 }));
    const seen = alsoSeen([one, model(null, cell({ ant: 0.9 }))], SUBJECT);
    expect(seen).toEqual([
      { wnid: 'eel', name: 'the eel', prob: expect.closeTo(0.4, 5) },
      { wnid: 'cat', name: 'the cat', prob: expect.closeTo(0.2, 5) },
    ]);
  });

  it('are few, and none without evidence', () => {
    const each = WNIDS.map((wnid) => cell({ [wnid]: 0.6 }));
    expect(alsoSeen([model(...each)], { ...SUBJECT, predicted: null, searched: 'none' })).toHaveLength(5);
    expect(alsoSeen([model(null), model()], SUBJECT)).toEqual([]);
  });
});

describe('the evidence of a model', () => {
  it('has the five most likely classes of each crop that was evaluated, and p of the searched class', () => {
    const { crops } = modelEvidence(model(null, cell({ dog: 0.5, ant: 0.25 })), SUBJECT);
    expect(crops).toHaveLength(1);
    expect(crops[0]).toMatchObject({ crop: 1, isMirrored: false, trueProb: expect.closeTo(0.25, 6) });
    expect(crops[0]?.top.map(({ wnid }) => wnid)).toEqual(['dog', 'ant', 'bee', 'cat', 'eel']);
  });

  it('has the sizes that the name of its preprocessing tells', () => {
    const input = {
      size: 260,
      shorterSide: 297,
      isSquare: false,
      interpolation: 'bilinear-antialias',
      mean: [127, 127, 127],
      std: [128, 128, 128],
    } as const;
    expect(cropSizesOf(preprocessingVersion(input))).toEqual({ size: 260, shorterSide: 297, isSquare: false });
    const other = { ...input, isSquare: true, interpolation: 'lanczos' } as const;
    expect(cropSizesOf(preprocessingVersion(other))).toEqual({ size: 260, shorterSide: 297, isSquare: true });
  });
});
