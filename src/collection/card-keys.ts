/**
 * What only the people behind a set can say about it: the keys of `export.card` in a collection file. The export puts the
 * answers into the dataset card and lists the questions that have none as open.
 */
export const CARD_KEYS = [
  'title',
  'description',
  'curators',
  'contact',
  'url',
  'citation',
  'version',
  'funding',
  'motivation',
  'ethicsReview',
  'consent',
  'people',
  'sensitive',
  'compensation',
  'uses',
  'unsuitableUses',
  'biases',
  'limitations',
  'socialImpact',
  'maintenance',
  'annotators',
  'licence',
] as const;

export type CardKey = (typeof CARD_KEYS)[number];
