import { sourceOf } from '../../config/sources/sources.ts';
import { PEOPLE_TEXT, REVISIONS_TEXT, type Account } from '../card/account.ts';
import type { CardKey } from '../../collection/card-questions.ts';
import type { CroissantNode } from './croissant-terms.ts';
import type { Protocol } from '../protocol.ts';

/** Croissant RAI 1.0 (docs.mlcommons.org/croissant/docs/croissant-rai-spec.html): how the set was made, and what it may do. */
export function responsibleUse(account: Account): CroissantNode {
  const { collected, texts, answers } = account;
  const answersTo = (...keys: readonly CardKey[]): string[] => keys.flatMap((key) => answers.get(key) ?? []);
  return {
    'rai:dataCollection': texts.crawl,
    'rai:dataCollectionType': collectionTypes(account),
    // An interval in one text (`A/B`) would not be a date, which validators expect.
    'rai:dataCollectionTimeframe': collected === null ? undefined : [collected.first, collected.last],
    'rai:dataCollectionMissingData':
      'A creator or licence that the source does not state is written as unknown. Other texts are then empty.',
    'rai:dataPreprocessingProtocol': [texts.filter, texts.shortlist],
    'rai:dataManipulationProtocol': texts.pixels,
    'rai:dataAnnotationProtocol': [texts.review, `The criteria of the collection: ${texts.criteria}`],
    'rai:dataAnnotationPlatform': platforms(account),
    'rai:dataAnnotationAnalysis': [texts.agreement, 'decisions.csv has the verdicts on every listed photo.'],
    'rai:annotationsPerItem': texts.verdicts,
    'rai:annotatorDemographics': answers.get('annotators') ?? 'unknown',
    'rai:machineAnnotationTools': tools(account),
    'rai:dataLimitations': [...texts.limits, ...texts.unsuitableUses],
    'rai:dataBiases': texts.biases,
    'rai:dataUseCases': texts.uses,
    'rai:dataSocialImpact':
      answers.get('socialImpact') ?? 'Open: the curator has not answered this (export.card.socialImpact).',
    'rai:personalSensitiveInformation': [PEOPLE_TEXT, ...answersTo('people', 'sensitive', 'consent')],
    'rai:dataReleaseMaintenancePlan': [REVISIONS_TEXT, texts.takedown, ...answersTo('maintenance')].join(' '),
  };
}

function collectionTypes({ sources }: Protocol): readonly string[] {
  return [
    ...new Set([...sources.map(({ source }) => sourceOf(source)?.collectionType ?? 'Others'), 'Manual Human Curator']),
  ];
}

function platforms({ review }: Protocol): readonly string[] {
  const imported = review.orders.some(({ order, verdicts }) => order === 'import' && verdicts > 0);
  const page = review.orders.some(({ order, verdicts }) => order !== 'import' && verdicts > 0);
  return [
    ...(page || !imported ? ['The review pages of winnow'] : []),
    ...(imported ? ['Other tools, whose verdicts were imported'] : []),
  ];
}

function tools({ models }: Protocol): readonly string[] {
  return models.map(
    ({ name, sha256, preprocessing, executionProvider, source }) =>
      `${name} (${source}, SHA-256 ${sha256}, preprocessing ${preprocessing}, ONNX Runtime on ${executionProvider.replace('imported', 'another engine, whose logits were imported')})`,
  );
}
