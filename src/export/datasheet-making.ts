import { countOf } from '../ui/shared/texts.ts';
import {
  agreementText,
  crawlText,
  foldersText,
  listText,
  modelsText,
  originsOf,
  photosFromFolder,
  politenessText,
} from './account.ts';
import { answerOrOpen, type Answered } from './card-answers.ts';
import type { CardKey } from '../collection/card-questions.ts';
import { PEOPLE_TEXT, useTexts } from './caveats.ts';
import { LICENCES_PAGE } from './front-matter.ts';
import { plainMarkdown } from './markdown.ts';
import type { Protocol } from './protocol.ts';

/** The sections of the datasheet about how the set came to be. */

/** What the protocol says, then what the curator says. */
const both = (protocol: Protocol, fact: string, key: CardKey): string => `${fact}\n\n${answerOrOpen(protocol, key)}`;

export function motivation(protocol: Protocol): readonly Answered[] {
  return [
    {
      question: 'For what purpose was the dataset created? Was there a specific task, or a gap to be filled?',
      answer: both(protocol, listText(useTexts(protocol).slice(0, 1)), 'motivation'),
    },
    {
      question: 'Who created the dataset, and on behalf of which entity?',
      answer: answerOrOpen(protocol, 'curators'),
    },
    { question: 'Who funded the creation of the dataset?', answer: answerOrOpen(protocol, 'funding') },
  ];
}

export function composition(protocol: Protocol): readonly Answered[] {
  return [...instances(protocol), ...quality(protocol), ...peopleInPhotos(protocol)];
}

function instances(protocol: Protocol): readonly Answered[] {
  const { photos, classes, options } = protocol;
  return [
    { question: 'What do the instances represent? Are there several types?', answer: 'Photos. There is one type.' },
    {
      question: 'How many instances are there of each type?',
      answer: `${countOf(photos, 'photo')} in ${countOf(classes.length, 'folder')}. “Folders” above counts each.`,
    },
    {
      question: 'Does the dataset contain all possible instances, or is it a sample of a larger set?',
      answer:
        'It is a sample, and not a random one: what models get wrong and reviewers accept. It is not representative of ' +
        'photos of its classes.',
    },
    {
      question: 'What data does each instance consist of?',
      answer: options.pixels
        ? 'A picture and a line in `test/metadata.jsonl`. “Pixels” says which pictures are not the original files.'
        : 'A line in `test/metadata.jsonl`, with the address of the picture and its SHA-256.',
    },
    {
      question: 'Is there a label or target associated with each instance?',
      answer: `Yes, its folder. ${foldersText(protocol)} \`predicted_wnid\` is what the models take the photo for.`,
    },
    {
      question: 'Is any information missing from individual instances?',
      answer:
        'A creator or licence that the source does not state is written as `unknown`. Other unknown texts are empty.',
    },
  ];
}

function quality(protocol: Protocol): readonly Answered[] {
  const { rule, nearDuplicates, options } = protocol;
  return [
    {
      question: 'Are relationships between individual instances made explicit?',
      answer: 'There are none that we know of. Photos of one creator have the same `creator`.',
    },
    {
      question: 'Are there recommended data splits?',
      answer: 'All of it is for testing: there is one split, `test`.',
    },
    {
      question: 'Are there any errors, sources of noise, or redundancies?',
      answer:
        `${agreementText(protocol)} Near-duplicates were left out within ${rule.mode === 'A' ? 'a class' : 'a concept'} ` +
        `(perceptual hashes of 64 bits that differ in at most ${nearDuplicates.distance}); mirrored copies and strong crops ` +
        'are not found.',
    },
    {
      question: 'Is the dataset self-contained, or does it rely on external resources?',
      answer: options.pixels
        ? 'It is self-contained. Where the page of a photo is known, it also links to that, which may change or vanish.'
        : 'It relies on the sources: the pictures must be fetched from there, and may change or vanish. Photos without ' +
          '`source_url` cannot be fetched. A picture with another SHA-256 is not the one that was reviewed.',
    },
  ];
}

function peopleInPhotos(protocol: Protocol): readonly Answered[] {
  return [
    {
      question:
        'Does the dataset contain data that might be confidential, sensitive, offensive, insulting or frightening?',
      answer: both(protocol, publicText(protocol), 'sensitive'),
    },
    {
      question: 'Does the dataset identify any subpopulations, for example by age or gender?',
      answer: 'No column is for people in the photos.',
    },
    {
      question: 'Is it possible to identify individuals, directly or indirectly?',
      answer: both(protocol, PEOPLE_TEXT, 'people'),
    },
  ];
}

function publicText(protocol: Protocol): string {
  const given = photosFromFolder(protocol);
  const fetched = protocol.photos - given;
  return [
    fetched > 0 && `winnow fetched ${countOf(fetched, 'photo')} without logging in to a site.`,
    given > 0 && `Whether the ${countOf(given, 'photo')} from a folder of files had been published is unknown.`,
  ]
    .filter((text) => text !== false)
    .join(' ');
}

export function collection(protocol: Protocol): readonly Answered[] {
  return [...acquisition(protocol), ...ethics(protocol)];
}

function acquisition(protocol: Protocol): readonly Answered[] {
  const { collected, review } = protocol;
  return [
    {
      question: 'How was the data associated with each instance acquired?',
      answer: `${crawlText(protocol)} What a photo was searched as comes from the search or from the source. Reviewers accepted the photo.`,
    },
    {
      question: 'What mechanisms or procedures were used to collect the data, and how were these validated?',
      answer:
        'A program, winnow. Each photo is stored under the SHA-256 of its bytes, and must decode. `winnow verify` checks the ' +
        'exported set again.',
    },
    {
      question: 'If the dataset is a sample from a larger set, what was the sampling strategy?',
      answer:
        'Adversarial filtering, then people: “Filter”, “Shortlist” and “Review” above have the rules, and “What became of the ' +
        'photos” the counts.',
    },
    {
      question: 'Who was involved in the data collection process, and how were they compensated?',
      answer: both(
        protocol,
        `${countOf(review.reviewers, 'reviewer')} gave verdicts. “Crawl” above says where the photos are from.`,
        'compensation',
      ),
    },
    {
      question: 'Who are the people who labelled the data?',
      answer: answerOrOpen(protocol, 'annotators'),
    },
    {
      question: 'Over what timeframe was the data collected?',
      answer:
        collected === null
          ? 'That is not known.'
          : `winnow found the photos from ${collected.first} to ${collected.last}. They may have been taken long before.`,
    },
  ];
}

function ethics(protocol: Protocol): readonly Answered[] {
  return [
    { question: 'Were any ethical review processes conducted?', answer: answerOrOpen(protocol, 'ethicsReview') },
    {
      question: 'Was the data collected from the individuals in question directly, or via third parties?',
      answer: `winnow asked no person. It took the photos from ${listText(originsOf(protocol))}.`,
    },
    {
      question:
        'Were the individuals in question notified, did they consent to the collection and use of their data, and can they ' +
        'revoke their consent?',
      answer: both(
        protocol,
        ['winnow asked nobody.', politenessText(protocol), '“Revisions and takedowns” says how to ask for a takedown.']
          .filter((text) => text !== '')
          .join(' '),
        'consent',
      ),
    },
    {
      question: 'Has an analysis of the potential impact of the dataset on data subjects been conducted?',
      answer: answerOrOpen(protocol, 'socialImpact'),
    },
  ];
}

export function preprocessing(protocol: Protocol): readonly Answered[] {
  const { tags, winnow, options } = protocol;
  const tagged = tags.length === 0 ? '' : ' Of some, they also said what may fool the models.';
  const pixels = options.pixels ? ' “Pixels” says which pictures were written again.' : '';
  return [
    {
      question: 'Was any preprocessing, cleaning or labeling of the data done?',
      answer: `${plainMarkdown(modelsText(protocol))} filtered the photos, and reviewers accepted or rejected them.${tagged}${pixels}`,
    },
    {
      question: 'Was the raw data saved in addition to the preprocessed data?',
      answer:
        'winnow keeps the original of every photo that the filter keeps. Whether the curators still have it is unknown. ' +
        '`original_sha256` says which it is, and `source_url` where it came from, if that is known. ' +
        `The licences on [${LICENCES_PAGE}](${LICENCES_PAGE}) hold for both.`,
    },
    {
      question: 'Is the software that was used available?',
      answer: `winnow ${plainMarkdown(winnow)}, under Apache-2.0, wrote the set. “Filter” above lists the models.`,
    },
  ];
}
