import { expect, it } from 'vitest';
import { accountOf } from '../../../../../src/core/export/card/account.ts';
import { exportCard } from '../../../../../src/core/export/card/card.ts';
import { croissantText } from '../../../../../src/core/export/croissant/croissant.ts';
import { licencesPage } from '../../../../../src/core/export/card/licences-page.ts';
import { choicesOf, type Protocol } from '../../../../../src/core/export/protocol.ts';
import { agreementOf } from '../../../../../src/core/review/agreement/agreement.ts';
import { humanAccuracy, withoutNames } from '../../../../../src/core/review/quiz/results.ts';
import { protocolOf } from '../../../../support/exported.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const FILES = [{ path: 'test/metadata.jsonl', sha256: sha256Of('rows'), bytes: 1_000 }];
const { review, options, collection, rule } = protocolOf();

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
    agreement: agreementOf(new Map()),
    target: 30,
  },
});
const namedBy = (right: readonly boolean[]) =>
  protocolOf({
    review: {
      ...review,
      human: withoutNames(
        humanAccuracy(
          right.map((isRight, i) => ({
            reviewer: 'dora',
            sha256: sha256Of(String(i)),
            isRight,
            isControl: false,
            choices: 5,
          })),
        ),
        new Map([['dora', 'A']]),
      ),
    },
  });
const named = namedBy([true, false]);
const withoutPictures = protocolOf({ options: { ...options, pixels: false }, choices: choicesOf('A') });
const nobody = namedBy([]);
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
    'a set whose photos one person named among five classes',
    named,
    [
      'Human accuracy, of people who had not reviewed the photos and saw no label: 50.0 % on 2 photos (no interval with fewer than two people and photos). Each person: A 50.0 % of 2 photos (9.5 % to 90.5 %, one of 5 classes).',
    ],
    ['No human accuracy was measured.', 'dora'],
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
  ['a set that nobody named', nobody, ['No human accuracy was measured.'], ['Human accuracy,']],
  [
    'a filter that drops only what every model recognises',
    all,
    ['at least one of efficientnet-lite0 and efficientnet-lite1 takes it for something else'],
    ['efficientnet-lite1 take it'],
  ],
];

/** The Markdown is wrapped in a few places, and Croissant escapes line feeds. */
function textsOf(protocol: Protocol): string {
  const account = accountOf(protocol);
  const markdown = [exportCard(account, FILES), licencesPage(account)].join('\n');
  return [markdown, markdown.replaceAll('\n', ' '), croissantText(account, FILES)].join('\n');
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
