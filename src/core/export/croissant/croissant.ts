import type { WrittenFile } from '../output-folder.process.ts';
import { aboutText } from '../card/account.ts';
import { filesOf, recordSetsOf } from './croissant-records.ts';
import { responsibleUse } from './croissant-rai.ts';
import { provenance } from './croissant-provenance.ts';
import { CROISSANT_CONTEXT, type CroissantNode } from './croissant-terms.ts';
import { answerTo, citationOf, curatorsOf, titleOf } from '../card/front-matter.ts';
import type { Protocol } from '../protocol.ts';
import { CARD_TEXTS } from '../card/mode-texts.ts';

const CONFORMS_TO = ['http://mlcommons.org/croissant/1.1', 'http://mlcommons.org/croissant/RAI/1.0'];

/**
 * `croissant.json`: Croissant 1.1 with RAI 1.0 and provenance (docs.mlcommons.org/croissant).
 * @throws RangeError unless `files`, the other files of the folder, have `test/metadata.jsonl`
 */
export function croissantText(protocol: Protocol, files: readonly WrittenFile[]): string {
  const version = answerTo(protocol, 'version');
  const document: CroissantNode = {
    '@context': CROISSANT_CONTEXT,
    '@type': 'sc:Dataset',
    name: titleOf(protocol),
    description: answerTo(protocol, 'description') ?? aboutText(protocol),
    conformsTo: CONFORMS_TO,
    license: licencesOf(protocol),
    url: urlOf(protocol),
    // All are Organizations: a person can count as one, but a group cannot be a Person.
    creator: curatorsOf(protocol).map((name) => ({ '@type': 'sc:Organization', name })),
    datePublished: protocol.frozenAt.slice(0, 10),
    ...(version === null ? {} : { version }),
    citeAs: citationOf(protocol),
    keywords: ['image classification', 'test set', ...CARD_TEXTS[protocol.rule.mode].keywords],
    ...responsibleUse(protocol),
    ...provenance(protocol),
    distribution: filesOf(protocol, files),
    recordSet: recordSetsOf(protocol),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function licencesOf({ licences }: Protocol): readonly string[] {
  const texts = licences.map(({ licence, url }) => (url === '' ? licence : url));
  return texts.length === 0 ? ['unknown'] : texts;
}

/** The address of the set, or a name for its content if the curator gave none, because Croissant requires an address. */
function urlOf(protocol: Protocol): string {
  const answer = answerTo(protocol, 'url');
  return answer !== null && URL.parse(answer) !== null ? answer : `urn:sha256:${protocol.id}`;
}
