import { sourceOf } from '../../config/sources/sources.ts';
import {
  agreementText,
  biasTexts,
  crawlText,
  criteriaText,
  filterText,
  limitTexts,
  PEOPLE_TEXT,
  pixelsText,
  REVISIONS_TEXT,
  reviewText,
  shortlistText,
  takedownText,
  unsuitableUseTexts,
  useTexts,
  verdictsText,
} from '../card/account.ts';
import { answerOrOpen, answerTo } from '../card/front-matter.ts';
import type { CardKey } from '../../collection/card-questions.ts';
import type { CroissantNode } from './croissant-terms.ts';
import type { Protocol } from '../protocol.ts';

/** Croissant RAI 1.0 (docs.mlcommons.org/croissant/docs/croissant-rai-spec.html): how the set was made, and what it may do. */
export function responsibleUse(protocol: Protocol): CroissantNode {
  const { collected } = protocol;
  const answers = (...keys: readonly CardKey[]): readonly string[] =>
    keys.map((key) => answerTo(protocol, key)).filter((answer) => answer !== null);
  return {
    'rai:dataCollection': crawlText(protocol),
    'rai:dataCollectionType': collectionTypes(protocol),
    // An interval in one text (`A/B`) would not be a date, which validators expect.
    'rai:dataCollectionTimeframe': collected === null ? undefined : [collected.first, collected.last],
    'rai:dataCollectionMissingData':
      'A creator or licence that the source does not state is written as unknown. Other texts are then empty.',
    'rai:dataPreprocessingProtocol': [filterText(protocol), shortlistText(protocol)],
    'rai:dataManipulationProtocol': pixelsText(protocol),
    'rai:dataAnnotationProtocol': [reviewText(protocol), `The criteria of the collection: ${criteriaText(protocol)}`],
    'rai:dataAnnotationPlatform': platforms(protocol),
    'rai:dataAnnotationAnalysis': [agreementText(protocol), 'decisions.csv has the verdicts on every listed photo.'],
    'rai:annotationsPerItem': verdictsText(protocol),
    'rai:annotatorDemographics': answerTo(protocol, 'annotators') ?? 'unknown',
    'rai:machineAnnotationTools': tools(protocol),
    'rai:dataLimitations': [...limitTexts(protocol), ...unsuitableUseTexts(protocol)],
    'rai:dataBiases': biasTexts(protocol),
    'rai:dataUseCases': useTexts(protocol),
    'rai:dataSocialImpact': answerOrOpen(protocol, 'socialImpact'),
    'rai:personalSensitiveInformation': [PEOPLE_TEXT, ...answers('people', 'sensitive', 'consent')],
    'rai:dataReleaseMaintenancePlan': [REVISIONS_TEXT, takedownText(protocol), ...answers('maintenance')].join(' '),
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
