import { countOf, countText } from '../ui/shared/texts.ts';
import { aboutText, foldersText, listText, modelsText } from './account.ts';
import { answerTo, citationOf, curatorsOf, openQuestions, titleOf, versionOf } from './card-answers.ts';
import { evaluationSection } from './card-evaluation.ts';
import { howItWasMade, pixelsSection } from './card-making.ts';
import { loadingSection, verifySection } from './card-usage.ts';
import { biasTexts, limitTexts, REVISIONS_TEXT, takedownText, unsuitableUseTexts, useTexts } from './caveats.ts';
import { datasheet } from './datasheet.ts';
import { frontMatter, LICENCES_PAGE } from './front-matter.ts';
import { bullets, markdownTable, plainMarkdown } from './markdown.ts';
import type { WrittenFile } from './output-folder.process.ts';
import type { Protocol } from './protocol.ts';

/**
 * `README.md`: the dataset card, with the datasheet behind it. It is a function of its arguments: no clock, no locale.
 *
 * Texts of the curator (`export.card`) go in as the Markdown that they are. All other texts from outside are escaped.
 *
 * @param files the other files of the folder
 */
export function cardText(protocol: Protocol, files: readonly WrittenFile[]): string {
  const sections = [
    `# ${plainMarkdown(titleOf(protocol))}`,
    answerTo(protocol, 'description') ?? aboutText(protocol),
    facts(protocol),
    loadingSection(protocol, files),
    evaluationSection(protocol),
    foldersSection(protocol),
    howItWasMade(protocol),
    pixelsSection(protocol),
    verifySection(protocol),
    licencesSection(protocol),
    usesSection(protocol),
    limitsSection(protocol),
    revisionsSection(protocol),
    citationSection(protocol),
    datasheet(protocol),
    openSection(protocol),
  ];
  return `${frontMatter(protocol, files)}\n${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function facts(protocol: Protocol): string {
  const { photos, classes, frozenAt, id, winnow } = protocol;
  const url = answerTo(protocol, 'url');
  const rows = [
    ['photos', countText(photos)],
    ['folders', countText(classes.length)],
    ['filtered with', plainMarkdown(modelsText(protocol))],
    ['curators', listText(curatorsOf(protocol).map(plainMarkdown))],
    ...(url === null ? [] : [['address', plainMarkdown(url)]]),
    ['version', `${versionOf(protocol)}, of ${frozenAt.slice(0, 10)}`],
    ['revision', `\`${id}\``],
    ['made with', `winnow ${plainMarkdown(winnow)}`],
  ];
  return markdownTable(['', ''], rows);
}

function foldersSection(protocol: Protocol): string {
  const rows = protocol.classes.map(({ label, wnid, name, photos }) => [
    String(label),
    plainMarkdown(wnid),
    plainMarkdown(name),
    countText(photos),
  ]);
  const table = markdownTable(['label', 'folder', 'name', 'photos'], rows);
  const names =
    protocol.options.names === 'id'
      ? 'A photo is named by its id, which is the same in every revision.'
      : 'File names are written as in the released sets of the paper, and say what the models saw. The name that stays the ' +
        'same in every revision is `id` in `test/metadata.jsonl`.';
  return `## Folders

${foldersText(protocol)} Folders are sorted, so that the label of a photo is the position of its folder.
${names}

<details><summary>${countOf(rows.length, 'folder')}</summary>

${table}

</details>`;
}

function licencesSection({ licences }: Protocol): string {
  const rows = licences.map(({ licence, url, photos }) => [
    url === '' ? plainMarkdown(licence) : `[${plainMarkdown(licence)}](<${encodeURI(decoded(url))}>)`,
    countText(photos),
  ]);
  return `## Licences

Every photo keeps its own licence, which is what its source states, or \`unknown\`. [${LICENCES_PAGE}](${LICENCES_PAGE}) says what each one asks of you.
[ATTRIBUTION.md](ATTRIBUTION.md) and \`attribution.csv\` credit the creator of each photo.

${markdownTable(['licence', 'photos'], rows)}`;
}

/** An address whose escapes are not escaped again. */
function decoded(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}

function usesSection(protocol: Protocol): string {
  return `## Use

${bullets(useTexts(protocol))}

What it is not for:

${bullets(unsuitableUseTexts(protocol))}`;
}

function limitsSection(protocol: Protocol): string {
  return `## Limits

${bullets([...limitTexts(protocol), ...biasTexts(protocol)])}`;
}

function revisionsSection(protocol: Protocol): string {
  const rows = protocol.tombstones.map(({ id, wnid, takenDownAt }) => [
    `\`${id}\``,
    plainMarkdown(wnid),
    takenDownAt.slice(0, 10),
  ]);
  const table = rows.length === 0 ? 'No photo was taken down.' : markdownTable(['photo', 'folder', 'taken down'], rows);
  return `## Revisions and takedowns

${REVISIONS_TEXT}

${takedownText(protocol)}

${table}`;
}

function citationSection(protocol: Protocol): string {
  const citation = citationOf(protocol);
  const paper =
    'The procedure follows Hendrycks, Zhao, Basart, Steinhardt and Song, *Natural Adversarial Examples*, CVPR 2021.';
  const fence = '`'.repeat(Math.max(3, longestRun(citation) + 1));
  return `## Citation\n\n${fence}\n${citation}\n${fence}\n\n${paper}`;
}

/** How many backticks follow each other at most: a fence must be longer. */
const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));

function openSection(protocol: Protocol): string {
  const open = openQuestions(protocol);
  if (open.length === 0) return '';
  return `## Open questions

The curator has not answered ${countOf(open.length, 'question')}. Answers go into \`export.card\` of the collection file.

${markdownTable(
  ['key', 'question'],
  open.map(([key, question]) => [`\`${key}\``, question]),
)}`;
}
