import { CARD_QUESTIONS, type CardKey } from '../../collection/card-questions.ts';
import { trainedText } from '../../kernel/training-text.ts';
import { countOf, listText, nonEmpty } from '../../kernel/texts.ts';
import { PEOPLE_TEXT, sentences, type Account } from './account.ts';
import { LICENCES_PAGE } from '../layout.ts';
import { bullets, plainMarkdown } from './markdown.ts';

interface Section {
  readonly title: string;
  readonly facts: readonly string[];
  readonly asked: readonly CardKey[];
}

/**
 * The datasheet, in the seven sections of Gebru et al., *Datasheets for Datasets* (Communications of the ACM, December
 * 2021).
 */
export function datasheet(account: Account): string {
  const sections = sectionsOf(account).map(({ title, facts, asked }) => {
    const answers = asked.flatMap((key) => {
      const answer = account.answers.get(key);
      return answer === undefined ? [] : [`**${CARD_QUESTIONS[key]}**\n\n${answer}`];
    });
    return [`### ${title}`, bullets(nonEmpty(facts)), ...answers].join('\n\n');
  });
  const source = 'The sections are those of Gebru et al., *Datasheets for Datasets* (2021).';
  return ['## Datasheet', source, ...sections].join('\n\n');
}

function sectionsOf(account: Account): readonly Section[] {
  const { winnow, modeTexts, models, texts } = account;
  return [
    { title: 'Motivation', facts: [modeTexts.use], asked: ['motivation', 'curators', 'funding'] },
    { title: 'Composition', facts: composition(account), asked: ['sensitive', 'people'] },
    {
      title: 'Collection process',
      facts: [
        'What a photo was searched as comes from the search or from the source. A program, winnow, stored each photo under the ' +
          'SHA-256 of its bytes.',
        publicText(account),
        sentences(
          'winnow asked nobody.',
          texts.politeness,
          '“Revisions and takedowns” says how to ask for a takedown.',
        ),
      ],
      asked: ['compensation', 'annotators', 'ethicsReview', 'consent', 'socialImpact'],
    },
    {
      title: 'Preprocessing, cleaning and labeling',
      facts: [
        '“How it was made” says how models filtered the photos and reviewers labelled them.',
        // Older exports do not know it, and `verify` writes this text again.
        models.some(({ trainingData }) => trainingData !== undefined)
          ? `The training photos of the models: ${listText(models.map(trainedText))}.`
          : '',
        'winnow keeps the original of every photo that the filter keeps. Whether the curators still have it is unknown.',
        `winnow ${plainMarkdown(winnow)}, under Apache-2.0, wrote the set.`,
      ],
      asked: [],
    },
    {
      title: 'Uses',
      facts: ['“Use” and “Limits” say what the set is for, what it is not for, and why.'],
      asked: ['priorUses'],
    },
    {
      title: 'Distribution',
      facts: [`Each photo has its own licence. [${LICENCES_PAGE}](${LICENCES_PAGE}) lists them and what they ask.`],
      asked: ['licence', 'distribution', 'restrictions'],
    },
    {
      title: 'Maintenance',
      facts: ['“Revisions and takedowns” has the rules. `winnow export diff` says how two revisions differ.'],
      asked: ['maintenance', 'contact', 'contributions'],
    },
  ];
}

function composition({ photos, classes, options }: Account): readonly string[] {
  const size = `${countOf(photos, 'photo')} in ${countOf(classes.length, 'folder')}, in one split, \`test\`.`;
  return [
    options.pixels
      ? `${size} Each has a line in \`test/metadata.jsonl\`.`
      : `${size} Each is a line in \`test/metadata.jsonl\`. The pictures must be fetched from their sources, where they may change or vanish. Photos without \`source_url\` cannot be fetched.`,
    'It is a sample, and not a random one: what models get wrong and reviewers accept.',
    'The label of a photo is its folder. `predicted_wnid` is what the models take it for.',
    'A creator or licence that the source does not state is `unknown`. Other unknown texts are empty.',
    'Mirrored copies and strong crops of a photo are not found.',
    PEOPLE_TEXT,
  ];
}

function publicText({ photos, photosFromFolder: files }: Account): string {
  const fetched = photos - files;
  return sentences(
    fetched > 0 && `winnow fetched ${countOf(fetched, 'photo')} without logging in to a site.`,
    files > 0 && `Whether the ${countOf(files, 'photo')} from a folder of files had been published is unknown.`,
  );
}
