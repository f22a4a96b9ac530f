/**
 * Questions that only the curator of a set can answer, by the key under `export.card` of the collection file. The dataset card
 * lists those without an answer.
 */
export const CARD_QUESTIONS = {
  title: 'What is the set called?',
  description: 'What is the set, in two or three sentences?',
  curators: 'Who made the set, and on behalf of whom? Separate several names by semicolons.',
  contact: 'How can the curators be reached?',
  url: 'At which address is the set published?',
  citation: 'How should the set be cited? Best as a BibTeX entry.',
  version: 'Which version is this, as MAJOR.MINOR.PATCH?',
  licence: 'Under which licence are labels, selection and texts? The photos keep theirs.',
  motivation: 'For what purpose was the set made, and which gap does it fill?',
  funding: 'Who paid for it?',
  people: 'Do photos show people, and could these people be recognised?',
  sensitive: 'May photos be confidential, sensitive, offensive or frightening?',
  ethicsReview: 'Was there an ethical review, and with what result?',
  consent: 'Were the people in the photos told, did they consent, and how can they withdraw?',
  compensation: 'Who collected and reviewed the photos, and how were they paid?',
  annotators: 'Who are the reviewers: how were they chosen and trained, and what do they know of the classes?',
  uses: 'What should the set be used for?',
  unsuitableUses: 'What should it not be used for?',
  priorUses: 'What has it been used for already, and where are these papers and systems listed?',
  biases: 'Which biases do you know of?',
  limitations: 'Which other limits and errors do you know of?',
  socialImpact: 'What good or harm may come of the set? Was its effect on the people in the photos analysed?',
  distribution: 'Who receives the set, how and when? Does it have a DOI?',
  restrictions: 'Do third parties or export rules restrict the set, beyond the licences of the photos?',
  maintenance: 'Who maintains the set, how are errors announced, and for how long are old versions kept?',
  contributions: 'How can others add to the set or correct it?',
} as const satisfies Readonly<Record<string, string>>;

export type CardKey = keyof typeof CARD_QUESTIONS;
