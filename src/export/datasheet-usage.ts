import { answerOrOpen, answerTo, type Answered } from './card-answers.ts';
import { REVISIONS_TEXT, takedownText } from './caveats.ts';
import { LICENCES_PAGE } from './front-matter.ts';
import type { Protocol } from './protocol.ts';

/** The sections of the datasheet about what becomes of the set. */

export function uses(protocol: Protocol): readonly Answered[] {
  const open = (key: 'uses' | 'unsuitableUses' | 'biases' | 'limitations'): string =>
    answerTo(protocol, key) === null ? `\n\n${answerOrOpen(protocol, key)}` : '';
  return [
    {
      question:
        'Has the dataset been used for any tasks already? Is there a repository that links to papers or systems that use it?',
      answer: answerOrOpen(protocol, 'priorUses'),
    },
    {
      question: 'What tasks could the dataset be used for?',
      answer: `“Use” above has a list.${open('uses')}`,
    },
    {
      question:
        'Is there anything about the composition of the dataset or the way it was made that might impact future uses?',
      answer: `Yes. “Limits” above has the list.${open('biases')}${open('limitations')}`,
    },
    {
      question: 'Are there tasks for which the dataset should not be used?',
      answer: `Yes. “Use” above has a list.${open('unsuitableUses')}`,
    },
  ];
}

export function distribution(protocol: Protocol): readonly Answered[] {
  return [
    {
      question:
        'Will the dataset be distributed to third parties? How and when will it be distributed, and does it have a DOI?',
      answer: answerOrOpen(protocol, 'distribution'),
    },
    {
      question: 'Will the dataset be distributed under a copyright or other licence, or under terms of use?',
      answer: `Each photo has its own licence. [${LICENCES_PAGE}](${LICENCES_PAGE}) lists them and what they ask.`,
    },
    {
      question: 'Have third parties imposed restrictions on the data? Do export controls or other regulations apply?',
      answer: `The licences of the photos are such restrictions.\n\n${answerOrOpen(protocol, 'restrictions')}`,
    },
  ];
}

export function maintenance(protocol: Protocol): readonly Answered[] {
  return [
    {
      question: 'Who supports, hosts and maintains the dataset?',
      answer: answerOrOpen(protocol, 'maintenance'),
    },
    {
      question: 'How can the owner or curator be contacted?',
      answer: answerOrOpen(protocol, 'contact'),
    },
    {
      question: 'Is there an erratum? Will the dataset be updated? Will older versions continue to be available?',
      answer:
        `${REVISIONS_TEXT} \`winnow export diff\` says how two revisions differ. “Revisions and takedowns” above lists the ` +
        'photos that had to go.',
    },
    {
      question: 'If the dataset relates to people, are there limits on the retention of their data?',
      answer: takedownText(protocol),
    },
    {
      question: 'Can others extend, augment or build on the dataset, or contribute to it?',
      answer: answerOrOpen(protocol, 'contributions'),
    },
  ];
}
