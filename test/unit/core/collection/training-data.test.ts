import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { trainingDataSchema } from '../../../../src/core/collection/training-data.ts';
import { trainedText, trainingSentences } from '../../../../src/core/kernel/training-text.ts';
import { cautionsOf } from '../../../../src/measure/report/page/cautions.ts';
import { madeReport } from '../../../support/made-report.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

const folder = path.join(repositoryRoot, 'config', 'models');
const cards = readdirSync(folder).map((file) => {
  const { name, trained, trainingData } = parse(readFileSync(path.join(folder, file), 'utf8'));
  return { name, trained, trainingData: trainingData && trainingDataSchema.parse(trainingData) };
});
const namesOf = (texts: readonly string[]): string[] =>
  cards.flatMap(({ name }) => (texts.some((text) => text.includes(` ${name} (`)) ? [name] : []));

describe('what models were trained on', () => {
  it('is said by every bundled and published card of a trained model', () => {
    expect(
      cards.flatMap(({ name, trained, trainingData }) => (trained === (trainingData === undefined) ? [name] : [])),
    ).toEqual([]);
    expect(trainedText(cards.find(({ name }) => name === 'clip-vit-b32') ?? { name: '' })).toBe(
      'clip-vit-b32 (photos and captions of websites and YFCC100M, until 2021-01)',
    );
    const clip = { name: 'clip', trainingData: { name: 'WIT', until: '2021-01', classes: ['web'] } };
    expect(trainedText({ ...clip, uploadedLater: { photos: 12, dated: 40 } })).toBe(
      'clip (WIT, until 2021-01; 12 of 40 photos with a day were uploaded later)',
    );
    expect(trainedText({ name: 'mine' })).toBe('mine (unknown photos)');
  });

  it('warns of models of the web, and in mode O of those that saw ImageNet-21k', () => {
    const web = ['clip-vit-b16', 'clip-vit-b32', 'dinov2-small', 'siglip-base'];
    expect(namesOf(trainingSentences(cards, 'A'))).toEqual(web);
    const [first = '', second = ''] = trainingSentences(cards, 'O');
    expect(namesOf([first])).toEqual(web);
    expect(namesOf([second])).toEqual(['dinov2-small', 'vit-b16']);
    expect(trainingSentences([{ name: 'mine' }], 'O')).toEqual([]);
  });

  it('is a caution of the report', () => {
    const trainingData = { name: 'pairs', until: '2021', classes: ['web', 'imagenet-21k'] } as const;
    for (const mode of ['A', 'O'] as const) {
      const report = madeReport({ mode });
      const before = cautionsOf(report).length;
      const models = report.models.map((model) => ({
        ...model,
        trainingData: { ...trainingData, classes: [...trainingData.classes] },
      }));
      const texts = cautionsOf({ ...report, models })
        .slice(before)
        .map(({ text }) => text);
      expect(texts).toHaveLength(mode === 'A' ? 1 : 2);
      expect(texts[0]).toContain(`${report.models[0]?.model} (pairs, until 2021)`);
    }
  });
});
