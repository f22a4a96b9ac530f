import type { Answered } from './card-answers.ts';
import { collection, composition, motivation, preprocessing } from './datasheet-making.ts';
import { distribution, maintenance, uses } from './datasheet-usage.ts';
import type { Protocol } from './protocol.ts';

/**
 * The datasheet: the questions of Gebru et al., *Datasheets for Datasets* (Communications of the ACM, December 2021), in their
 * seven sections, shortened. The protocol answers what it can. What only the curator knows is answered from `export.card`, or
 * is open. The questions "Any other comments?" are left out, because nobody is asked.
 */
export function datasheet(protocol: Protocol): string {
  const sections: readonly (readonly [title: string, answered: readonly Answered[]])[] = [
    ['Motivation', motivation(protocol)],
    ['Composition', composition(protocol)],
    ['Collection process', collection(protocol)],
    ['Preprocessing, cleaning and labeling', preprocessing(protocol)],
    ['Uses', uses(protocol)],
    ['Distribution', distribution(protocol)],
    ['Maintenance', maintenance(protocol)],
  ];
  const text = sections.map(([title, answered]) => `### ${title}\n\n${answered.map(answeredText).join('\n\n')}`);
  return ['## Datasheet', 'The questions are those of Gebru et al., *Datasheets for Datasets* (2021).', ...text].join(
    '\n\n',
  );
}

const answeredText = ({ question, answer }: Answered): string => `**${question}**\n\n${answer}`;
