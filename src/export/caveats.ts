import { countOf } from '../ui/shared/texts.ts';
import { listText, modelsText, originsOf } from './account.ts';
import { answerTo } from './card-answers.ts';
import type { Protocol } from './protocol.ts';

/** What a user of a revision should know before using it: what the protocol says, then what the curator adds. */

/** Limits of every set that is made in this way. */
export function limitTexts(protocol: Protocol): readonly string[] {
  const { rule, tombstones } = protocol;
  const paper = rule.mode === 'A' ? 'ImageNet-A' : 'ImageNet-O';
  const models = modelsText(protocol);
  return [
    `This is not ${paper}. It is made in a similar way, with other models and by other reviewers, so numbers on the two sets ` +
      `cannot be compared. The paper filtered with ResNet-50; here ${models} did.`,
    rule.mode === 'A'
      ? 'Accuracy on this set does not estimate accuracy on photos as they are found, because the photos that the filter ' +
        'models recognise are missing.'
      : 'Detection on this set does not estimate detection of other unknown things, because only photos that the filter ' +
        'model is sure of are in it.',
    `The photos were chosen against ${models}, and may be harder for models like them than for others. Compare models that ` +
      'took no part in the filter, and say which did.',
    rule.mode === 'A'
      ? 'People make mistakes: some photos may be in the wrong folder.'
      : 'People make mistakes: some photos may show one of the classes.',
    tombstones.length > 0
      ? `Since earlier revisions ${countOf(tombstones.length, 'photo')} of them had to go. Numbers on those revisions ` +
        'cannot be repeated exactly.'
      : '',
    answerTo(protocol, 'limitations') ?? '',
  ].filter((text) => text !== '');
}

export function biasTexts(protocol: Protocol): readonly string[] {
  return [
    `The places, seasons, people and things in the photos are those of ${listText(originsOf(protocol))}.`,
    protocol.rule.mode === 'A'
      ? 'Reviewers may have rejected photos that they could not recognise, so the hardest ones may be missing.'
      : 'The concepts are those of the collection, so other unknown things are missing.',
    answerTo(protocol, 'biases') ?? '',
  ].filter((text) => text !== '');
}

export function useTexts(protocol: Protocol): readonly string[] {
  const use =
    protocol.rule.mode === 'A'
      ? 'Testing image classifiers: how well they recognise photos that fooled others.'
      : 'Testing out-of-distribution detection, together with photos of the classes of the model, such as the validation set ' +
        'of ImageNet.';
  return [use, answerTo(protocol, 'uses') ?? ''].filter((text) => text !== '');
}

export function unsuitableUseTexts(protocol: Protocol): readonly string[] {
  return [
    'Do not train on the set, and do not choose a model or its settings by it. It then measures nothing any more.',
    'Do not use it to recognise people or to learn something about them.',
    answerTo(protocol, 'unsuitableUses') ?? '',
  ].filter((text) => text !== '');
}

export const PEOPLE_TEXT =
  'Photos may show people. winnow does not look for them. Reviewers can reject a photo as private or offensive. The names of ' +
  'creators are in the set for their credit; reviewers have pseudonyms.';

export function takedownText(protocol: Protocol): string {
  const contact = answerTo(protocol, 'contact');
  return (
    `If a photo should not be here, write to ${contact === null ? 'the curators' : `the curators: ${contact}`}. ` +
    'A photo that is taken down is not in the next revision, and a crawl that finds the same bytes again does not take them. ' +
    'README.md then names its id alone.'
  );
}

export const REVISIONS_TEXT =
  'A revision never changes: its id is a hash of its protocol, which covers every photo. New photos, verdicts and takedowns make a new revision, ' +
  'in which a photo keeps its id.';
