import {
  agreementText,
  crawlText,
  criteriaText,
  filterText,
  orderRows,
  pixelsText,
  reviewText,
  shortlistText,
} from './account.ts';
import { funnelTable } from './funnel-table.ts';
import { bullets, markdownTable, plainMarkdown, quotation } from './markdown.ts';
import type { Protocol } from './protocol.ts';

/** The section of the card that says how the set was made. */
export function howItWasMade(protocol: Protocol): string {
  return [
    `## How it was made\n\n\`protocol.json\` has all of this for programs.`,
    `### Crawl\n\n${crawlText(protocol)}`,
    `### Filter\n\n${filterText(protocol)}\n\n${modelsTable(protocol)}`,
    `### Shortlist\n\n${shortlistText(protocol)}`,
    reviewPart(protocol),
    `### What became of the photos\n\n${funnelTable(protocol)}`,
    tagsPart(protocol),
    choicesPart(protocol),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function modelsTable({ models }: Protocol): string {
  return markdownTable(
    ['model', 'licence', 'from', 'SHA-256'],
    models.map(({ name, licence, source, sha256 }) => [
      plainMarkdown(name),
      plainMarkdown(licence),
      plainMarkdown(source),
      `\`${sha256}\``,
    ]),
  );
}

function reviewPart(protocol: Protocol): string {
  const parts = [
    `### Review\n\n${reviewText(protocol)} The criteria of the collection:`,
    quotation(criteriaText(protocol)),
    `${agreementText(protocol)} \`decisions.csv\` has the verdicts on every listed photo.`,
  ];
  const orders = orderRows(protocol);
  if (orders.length > 0)
    parts.push(
      'The order in which photos are shown can influence verdicts:',
      markdownTable(['photos were shown', 'verdicts'], orders),
    );
  return parts.join('\n\n');
}

function tagsPart({ tags }: Protocol): string {
  if (tags.length === 0) return '';
  const rows = tags.map(({ tag, photos }) => [plainMarkdown(tag), String(photos)]);
  return `### What may fool the models\n\nReviewers gave some of the photos these tags:\n\n${markdownTable(['tag', 'photos'], rows)}`;
}

function choicesPart({ choices }: Protocol): string {
  if (choices.length === 0) return '';
  return `### What the paper leaves open\n\nwinnow decided:\n\n${bullets(choices.map(plainMarkdown))}`;
}

/** What the exported pixels are, for people who compare them with the originals. */
export function pixelsSection(protocol: Protocol): string {
  if (!protocol.options.pixels) return '';
  return `## Pixels

The models saw three kinds of pictures differently from what torchvision's \`ImageFolder\` reads in the original. The exported
files already have the pixels that the models saw, so all loaders agree:

| original | in this set |
| --- | --- |
| with an EXIF orientation | turned upright |
| with alpha | put on white |
| grey of 16 bits | 8 bits: the high byte |

${pixelsText(protocol)} In \`test/metadata.jsonl\`, \`sha256\` is that of the file and \`original_sha256\` that of the original.`;
}
