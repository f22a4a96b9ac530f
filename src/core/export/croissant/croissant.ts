import type { WrittenFile } from '../output-folder.process.ts';
import type { Account } from '../card/account.ts';
import { filesOf, recordSetsOf } from './croissant-records.ts';
import { responsibleUse } from './croissant-rai.ts';
import { provenance } from './croissant-provenance.ts';
import { CROISSANT_CONTEXT, type CroissantNode } from './croissant-terms.ts';

const CONFORMS_TO = ['http://mlcommons.org/croissant/1.1', 'http://mlcommons.org/croissant/RAI/1.0'];

/**
 * `croissant.json`: Croissant 1.1 with RAI 1.0 and provenance (docs.mlcommons.org/croissant).
 * @throws RangeError unless `files`, the other files of the folder, have `test/metadata.jsonl`
 */
export function croissantText(account: Account, files: readonly WrittenFile[]): string {
  const { answers, texts } = account;
  const document: CroissantNode = {
    '@context': CROISSANT_CONTEXT,
    '@type': 'sc:Dataset',
    name: account.title,
    description: answers.get('description') ?? texts.about,
    conformsTo: CONFORMS_TO,
    license: licencesOf(account),
    url: urlOf(account),
    // All are Organizations: a person can count as one, but a group cannot be a Person.
    creator: account.curators.map((name) => ({ '@type': 'sc:Organization', name })),
    datePublished: account.frozenAt.slice(0, 10),
    version: answers.get('version'),
    citeAs: texts.citation,
    keywords: ['image classification', 'test set', ...account.modeTexts.keywords],
    ...responsibleUse(account),
    ...provenance(account),
    distribution: filesOf(account, files),
    recordSet: recordSetsOf(account),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function licencesOf({ licences }: Account): readonly string[] {
  const texts = licences.map(({ licence, url }) => (url === '' ? licence : url));
  return texts.length === 0 ? ['unknown'] : texts;
}

/** The address of the set, or a name for its content if the curator gave none, because Croissant requires an address. */
function urlOf({ answers, id }: Account): string {
  const answer = answers.get('url');
  return answer !== undefined && URL.parse(answer) !== null ? answer : `urn:sha256:${id}`;
}
