import { expect, it } from 'vitest';
import { exportCard } from '../../../../src/export/card/card.ts';
import { croissantText } from '../../../../src/export/croissant/croissant.ts';
import { licencesPage } from '../../../../src/export/card/licences-page.ts';
import { choicesOf, type Protocol } from '../../../../src/export/protocol.ts';
import { modeOProtocolOf, protocolOf } from '../../../support/exported.ts';
import { sha256Of } from '../../../support/sha256.ts';

const FILES = [{ path: 'test/metadata.jsonl', sha256: sha256Of('rows'), bytes: 1_000 }];
const { review, options, collection, rule } = protocolOf();
const noAgreement = {
  photos: 0,
  percent: null,
  cohenKappa: null,
  cohenKappaLow: null,
  cohenKappaHigh: null,
  krippendorffAlpha: null,
  krippendorffAlphaLow: null,
  krippendorffAlphaHigh: null,
};

const fromFolder = protocolOf({
  collection: { ...collection, sources: ['inaturalist', 'flickr'] },
  sources: [{ source: 'folder', photos: 6, pages: 2, addresses: 0 }],
});
const fromWeb = protocolOf({
  sources: [
    { source: 'duckduckgo', photos: 2, pages: 2, addresses: 2 },
    { source: 'flickr', photos: 4, pages: 4, addresses: 4 },
  ],
});
const importedByOne = protocolOf({
  review: {
    ...review,
    reviewers: 1,
    orders: [{ order: 'import', verdicts: 10 }],
    agreement: noAgreement,
    target: 30,
  },
});
const withoutPictures = protocolOf({ options: { ...options, pixels: false }, choices: choicesOf('A') });
const all = protocolOf({ rule: { ...rule, mode: 'A', threshold: 0.15, aggregation: 'max', members: 'all' } });

/** Sentences that README.md, LICENSES.md and croissant.json of each kind of set together must and must not contain. */
const SENTENCES: readonly (readonly [
  kind: string,
  protocol: Protocol,
  says: string[],
  doesNotSay: (string | RegExp)[],
])[] = [
  [
    'photos that all came from a folder, though the collection lists sites',
    fromFolder,
    [
      'winnow found the photos of this revision between 2026-09-01 and 2026-11-19: a folder of files (6).',
      'those of a folder of files.',
      '6 photos of this revision: 2 with the page, 0 with the address of the picture.',
      'Whether the 6 photos from a folder of files had been published is unknown.',
      'winnow asked nobody. “Revisions and takedowns” says how to ask for a takedown.',
      '"prov:label": "a folder of files"',
      'annotations_creators:\n  - "found"\n',
    ],
    [
      'iNaturalist',
      'Flickr',
      'were public',
      'robots.txt',
      'Each photo names its page',
      'hasSyntheticData',
      'expert-generated',
      'source_datasets',
      'Web API',
      'published by',
    ],
  ],
  [
    'photos of two sites, one of which forbids its searches',
    fromWeb,
    [
      'It requested the search pages of DuckDuckGo whatever the robots.txt of DuckDuckGo says.',
      'winnow fetched 6 photos without logging in to a site.',
      '2 photos of this revision: 2 with the page, 2 with the address of the picture.',
      '"Web Scraping"',
    ],
    ['it obeys robots.txt', 'folder of files', 'iNaturalist', 'were public'],
  ],
  [
    'verdicts of one person, all imported',
    importedByOne,
    [
      '1 reviewer gave 10 verdicts on photos of the shortlist',
      '10 of the verdicts were imported. What the reviewer of an imported verdict was asked and saw is unknown; the verdict counts as blind.',
      'No photo has a second, blind verdict.',
      'At least 1. No photo has a second, blind verdict.',
      'At the time of the export the review aimed at 30 accepted photos per class.',
    ],
    [
      'A share of 10 %',
      '10 % of each class',
      'went to a second person',
      'The review page asked',
      'one more person settled',
    ],
  ],
  [
    'verdicts of two people, of whom one looked at three photos again',
    protocolOf(),
    [
      '2 reviewers gave 10 verdicts on photos of the shortlist',
      'The review page asked of each photo: does it show the class that it was searched as?',
      '1 of the verdicts was imported.',
      '3 photos of the shortlist have a second, blind verdict by another reviewer.',
      'A photo that one reviewer accepts and another rejects is left out until one person settles it.',
    ],
    ['A share of', 'meant for a second', 'says how often they differ', 'DuckDuckGo'],
  ],
  [
    'links without pictures',
    withoutPictures,
    [
      'This export leaves out no photo for its licence',
      'This fetches those that have an address in `source_url`',
      'Photos without `source_url` cannot be fetched.',
    ],
    ['“Pixels”', 'The files of this set need none of the three', 'or is not known.\n'],
  ],
  [
    'a set of mode A',
    protocolOf({ choices: choicesOf('A'), tags: [{ tag: 'blur', photos: 1 }] }),
    [
      'What the paper leaves open',
      'Rejected photos do not count, and reviewed photos keep their places.',
      'What may fool the models',
      '`unknown`',
      'Whether the curators still have it is unknown.',
      'looked at up to ten crops',
    ],
    [
      'paper is silent',
      'masked logits',
      'not if it is equal',
      'as the paper does',
      'Why models fail',
      'why models fail',
      'Each model is fooled by other photos',
      'says nothing about accuracy',
      'harder for models like them than for others. Compare models that took no part in the filter, and say which did.\n- The',
      'that its creator gave it',
      'The originals stay',
      'winnow 0.1.0 took',
      /"prov:label": "winnow 0/,
    ],
  ],
  [
    'a filter that drops only what every model recognises',
    all,
    ['at least one of efficientnet-lite0 and efficientnet-lite1 takes it for something else'],
    ['efficientnet-lite1 take it'],
  ],
  [
    'a set of mode O',
    modeOProtocolOf({ choices: choicesOf('O') }),
    [
      'A photo was kept only if the mean',
      '“Review” says what the reviewers were asked',
      'may miss one of so many classes',
    ],
    [
      'All others were dropped',
      'Nobody knows so many',
      'Reviewers were asked whether any of the 1,000',
      'multi-class-image-classification',
    ],
  ],
];

/** The Markdown is wrapped in a few places, and Croissant escapes line feeds. */
function textsOf(protocol: Protocol): string {
  const markdown = [exportCard(protocol, FILES), licencesPage(protocol)].join('\n');
  return [markdown, markdown.replaceAll('\n', ' '), croissantText(protocol, FILES)].join('\n');
}

it.each(SENTENCES)(
  'the sentences of an export say what is known, and no more, of %s',
  (...[, protocol, says, doesNotSay]) => {
    const text = textsOf(protocol);
    const isIn = (sentence: string | RegExp): boolean =>
      typeof sentence === 'string' ? text.includes(sentence) : sentence.test(text);
    expect(says.filter((sentence) => !isIn(sentence))).toEqual([]);
    expect(doesNotSay.filter(isIn)).toEqual([]);
  },
);
