import { CARD_QUESTIONS } from '../../collection/card-questions.ts';
import { stagesOf } from '../../page/stages.ts';
import { humanAccuracyText } from '../../kernel/human-accuracy.ts';
import { countOf, countText, listText, nonEmpty } from '../../kernel/texts.ts';
import { REVISIONS_TEXT, type Account } from './account.ts';
import { controlsText } from './controls-text.ts';
import { datasheet } from './datasheet.ts';
import { openQuestions } from './facts.ts';
import { frontMatter } from './front-matter.ts';
import { filesOfFormat, LICENCES_PAGE } from '../layout.ts';
import { licenceTable, rightsNotes } from './licences-page.ts';
import { bullets, markdownTable, plainMarkdown, quotation } from './markdown.ts';
import type { WrittenFile } from '../output-folder.process.ts';
import type { Protocol } from '../protocol.ts';
import type { Mode } from '../../kernel/mode.ts';

/**
 * `README.md`: the dataset card, with the datasheet behind it. It is a function of its arguments: no clock, no locale.
 * Texts of the curator (`export.card`) go in as the Markdown that they are. All other texts from outside are escaped.
 */
export function exportCard(account: Account, files: readonly WrittenFile[]): string {
  const { texts, answers, options } = account;
  const sections = [
    `# ${plainMarkdown(account.title)}`,
    answers.get('description') ?? texts.about,
    facts(account),
    loading(options, files),
    EVALUATION[account.rule.mode](account),
    folders(account),
    howItWasMade(account),
    controlsText(account),
    options.pixels && pictures(texts),
    licences(account),
    `## Use\n\n${bullets([...texts.uses, ...texts.unsuitableUses])}`,
    `## Limits\n\n${bullets([...texts.limits, ...texts.biases])}`,
    revisions(account),
    citation(texts),
    datasheet(account),
    open(account),
  ];
  return `${frontMatter(account, files)}\n${joined(sections)}\n`;
}

const joined = (parts: readonly (string | false)[]): string => nonEmpty(parts).join('\n\n');

function facts({ photos, classes, frozenAt, id, winnow, answers, modelNames, curators }: Account): string {
  const [url, version] = [answers.get('url'), answers.get('version')];
  const day = frozenAt.slice(0, 10);
  const rows = [
    ['photos', countText(photos)],
    ['folders', countText(classes.length)],
    ['filtered with', plainMarkdown(modelNames)],
    ['curators', listText(curators.map(plainMarkdown))],
    ...(url === undefined ? [] : [['address', plainMarkdown(url)]]),
    version === undefined ? ['date', day] : ['version', `${version}, of ${day}`],
    ['revision', `\`${id}\``],
    ['made with', `winnow ${plainMarkdown(winnow)}`],
  ];
  return markdownTable(['', ''], rows);
}

const python = (...lines: readonly string[]): string => ['```python', ...lines, '```'].join('\n');
const shell = (...lines: readonly string[]): string => ['```sh', ...lines, '```'].join('\n');

function loading({ pixels, formats }: Protocol['options'], files: readonly WrittenFile[]): string {
  const paths = files.map(({ path }) => path);
  const shards = formats.includes('webdataset') ? filesOfFormat('webdataset', paths).length : 0;
  return `## Load it\n\n${joined([
    pixels ? FOLDER : LINKS,
    shards > 0 && webDataset(shards),
    formats.includes('parquet') && PARQUET,
    formats.includes('coco') && '`annotations/coco.json` has the set for COCO tools, with the licence of each photo.',
    ALWAYS,
    VERIFY,
  ])}`;
}

/** With ".", `datasets` 5.2 and 3.6 raise a ValueError, because they name a set after the last part of its path. */
const DATASETS = ['import os', 'from datasets import load_dataset', 'photos = load_dataset(os.getcwd(), split="test")'];

const FOLDER = `In the folder of the set:

${python(
  '# torchvision: the labels are the positions of the folders',
  'from torchvision.datasets import ImageFolder',
  'photos = ImageFolder("test")',
  '',
  '# Hugging Face datasets: with the names of the classes, the rights and the evidence of each photo',
  ...DATASETS,
)}`;

const LINKS = `The set has no pictures. This fetches those that have an address in \`source_url\`, changes them as the set has them
(without metadata, or as PNG) and checks the SHA-256 of the files, or of the pixels of converted ones:

${shell('python3 fetch.py --contact you@example.org')}

Then \`ImageFolder("test")\` of torchvision reads what was fetched. Hugging Face datasets reads the lines about them:

${python(...DATASETS)}`;

function webDataset(shards: number): string {
  const last = String(shards - 1).padStart(6, '0');
  const names = shards === 1 ? 'test-000000.tar' : `test-{000000..${last}}.tar`;
  return `WebDataset, from ${countOf(shards, 'shard')}:

${python(
  'import webdataset',
  `photos = webdataset.WebDataset("shards/${names}", shardshuffle=False)`,
  'photos = photos.decode("pil").to_tuple("jpg", "json")',
)}`;
}

const PARQUET = `Parquet:

${python('from datasets import load_dataset', 'photos = load_dataset("parquet", data_files={"test": "data/test-*.parquet"}, split="test")')}`;

const ALWAYS = '`test/metadata.jsonl` has a line for each photo. `croissant.json` describes the set for programs.';

const VERIFY = `The first line checks the files. The second one needs winnow (the npm package \`winnow-images\`): it also compares the tables with each other and, if pictures and
models are there, computes again that the rule keeps each photo.

${shell('sha256sum --check --quiet SHA256SUMS', 'npx winnow-images verify .')}`;

const EVALUATION: Readonly<Record<Mode, (account: Account) => string>> = { A: evaluation, O: outOfDistribution };

function evaluation({ among, classes }: Account): string {
  const here =
    among.length === classes.length
      ? 'Each of them has photos here.'
      : `Photos of ${countText(classes.length)} of them are here.`;
  return `## Evaluate a model

Accuracy is the share of photos whose class comes first among the ${countOf(among.length, 'class', 'classes')} of the filter
(\`among\` in \`protocol.json\`), so keep only the logits of these. ${here} The labels of \`ImageFolder\` are the positions of the
folders, and no positions of logits, so compare the names of the folders. With a model of timm:

${python(...timmScript(among))}`;
}

/** Ids of WordNet, which the classes of ImageNet have. */
const WNID = /^n\d{8}$/;

function timmScript(among: readonly string[]): readonly string[] {
  const [info, names] = among.every((id) => WNID.test(id))
    ? ['ImageNetInfo, ', 'ImageNetInfo().label_names()  # of the 1,000 logits, in their order']
    : [
        '',
        '[line.strip() for line in open("classes.txt")]  # your file: the ids of the model\'s classes, in the order of its logits',
      ];
  return [
    'import json',
    'import timm, torch',
    `from timm.data import ${info}create_transform, resolve_model_data_config`,
    'from torchvision.datasets import ImageFolder',
    '',
    'model = timm.create_model("resnet50", pretrained=True).eval()',
    `names = ${names}`,
    'among = json.load(open("protocol.json"))["among"]',
    'keep = [names.index(name) for name in among]',
    'photos = ImageFolder("test", create_transform(**resolve_model_data_config(model)))',
    'with torch.inference_mode():',
    '    seen = [among[model(pixels[None])[0, keep].argmax()] for pixels, label in photos]',
    'right = sum(name == photos.classes[label] for name, label in zip(seen, photos.targets))',
    'print(f"{right} of {len(photos)} photos are classified correctly")',
  ];
}

function outOfDistribution({ among, searched, review, modelNames, texts }: Account): string {
  const blind = review.agreement.photos;
  return `## Out of distribution

**The claim.** No photo shows any of the ${countText(among.length)} classes that ${plainMarkdown(modelNames)} knows, anywhere in it.
“Review” says what the reviewers were asked.

**How far to trust it.** A reviewer may miss one of so many classes. In ImageNet-O itself, the authors of NINCO (Bitterwolf, Müller
and Hein, *In or Out?*, ICML 2023) found 78 of 400 photos in distribution (19.5 %). Here ${countOf(blind, 'listed photo')}
${blind === 1 ? 'has' : 'have'} two blind verdicts. ${texts.labelError}

**How to evaluate.** Take photos of the ${countOf(searched.length, 'class', 'classes')} in \`searched\` of \`protocol.json\` as in distribution, and
this set as out of distribution. Keep only the logits of these classes, although the rule of the filter is over the
${countText(among.length)} in \`among\`. The score of a photo is the negative of its largest softmax probability, and out of distribution is the
positive class. Report the area under the ROC curve (chance: 50 %), then the area under the precision-recall curve beside its
chance level: the share of photos that are out of distribution.`;
}

function folders({ classes, options, texts }: Account): string {
  const rows = classes.map(({ label, wnid, name, photos }) => [
    String(label),
    plainMarkdown(wnid),
    plainMarkdown(name),
    countText(photos),
  ]);
  const names =
    options.names === 'id'
      ? 'A photo is named by its id, which is the same in every revision.'
      : 'File names are written as in the released sets of the paper. `id` in `test/metadata.jsonl` is the same in every revision.';
  return `## Folders

${texts.folders} The label of a photo is the position of its folder. ${names}

<details><summary>${countOf(rows.length, 'folder')}</summary>

${markdownTable(['label', 'folder', 'name', 'photos'], rows)}

</details>`;
}

function howItWasMade(account: Account): string {
  const { models, tags, choices, review, texts } = account;
  const rows = models.map(({ name, licence, source, sha256 }) => [
    ...[name, licence, source].map(plainMarkdown),
    `\`${sha256}\``,
  ]);
  const tagRows = tags.map(({ tag, photos }) => [plainMarkdown(tag), String(photos)]);
  const orders = review.orders.map(({ order, verdicts }) => [ORDER_TEXT[order], countText(verdicts)]);
  return joined([
    '## How it was made\n\n`protocol.json` has all of this for programs.',
    `### Crawl\n\n${texts.crawl}`,
    `### Filter\n\n${texts.filter}\n\n${markdownTable(['model', 'licence', 'from', 'SHA-256'], rows)}`,
    texts.imported,
    `### Shortlist\n\n${texts.shortlist}`,
    `### Review\n\n${texts.review} The criteria of the collection:\n\n${quotation(texts.criteria)}`,
    `${texts.labelError} ${texts.agreement} \`decisions.csv\` has the verdicts on every listed photo.`,
    review.human !== undefined && humanAccuracyText(review.human),
    orders.length > 0 && markdownTable(['photos were shown', 'verdicts'], orders),
    `### What became of the photos\n\n${funnelTable(account)}`,
    tags.length > 0 &&
      `### What may fool the models\n\nTags of the reviewers:\n\n${markdownTable(['tag', 'photos'], tagRows)}`,
    choices.length > 0 && `### What the paper leaves open\n\nwinnow decided:\n\n${bullets(choices.map(plainMarkdown))}`,
  ]);
}

/** In which order photos came to reviewers: it can influence verdicts. */
const ORDER_TEXT: Readonly<Record<Protocol['review']['orders'][number]['order'], string>> = {
  confusions: 'class by class, the predicted class with the fewest accepted photos first',
  lowest: 'the lowest probability of the searched class first',
  noise: 'photos on which all models agree first',
  source: 'by source',
  newest: 'the newest first',
  grid: 'many at once in a grid',
  import: 'not shown by winnow: the verdict was imported',
};

const NOT_ACCEPTED: ReadonlySet<string> = new Set(['unreviewed', 'rejected', 'unsure', 'disputed']);

function funnelTable({ totals, photos, leftOut }: Account): string {
  const rows = stagesOf(totals).map(({ name, count, lost = [] }) => [name, countText(count), lostText(lost)]);
  const accepted = leftOut.filter(({ reason }) => !NOT_ACCEPTED.has(reason));
  const revision = ['in this revision', countText(photos), lostText(accepted)];
  return markdownTable(['stage', 'photos', 'lost on the way'], [...rows, revision]);
}

function lostText(lost: readonly { readonly reason: string; readonly count: number }[]): string {
  return lost.map(({ reason, count }) => `${reason.replaceAll('-', ' ')} ${countText(count)}`).join(', ');
}

function pictures(texts: Account['texts']): string {
  return `## Pixels

The files have the pixels that the models saw, so all loaders agree: turned upright as EXIF says, alpha put on white, of 16 bits the
high byte. ${texts.pixels} In \`test/metadata.jsonl\`, \`sha256\` is that of the file and \`original_sha256\` that of the original.`;
}

function licences(account: Account): string {
  return `## Licences

Every photo keeps its own licence, which is what its source or, where it gives none, the curator states, or \`unknown\`.
[${LICENCES_PAGE}](${LICENCES_PAGE}) says what each one asks of you. [ATTRIBUTION.md](ATTRIBUTION.md) and \`attribution.csv\` credit the
creator of each photo.

${[...rightsNotes(account), licenceTable(account)].join('\n\n')}`;
}

function revisions({ tombstones, texts }: Account): string {
  const rows = tombstones.map(({ id, wnid, takenDownAt }) => [
    `\`${id}\``,
    plainMarkdown(wnid),
    takenDownAt.slice(0, 10),
  ]);
  const table = rows.length === 0 ? 'No photo was taken down.' : markdownTable(['photo', 'folder', 'taken down'], rows);
  return `## Revisions and takedowns\n\n${REVISIONS_TEXT}\n\n${texts.takedown}\n\n${table}`;
}

function citation({ citation: text }: Account['texts']): string {
  const longestRun = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longestRun + 1));
  return `## Citation

${fence}
${text}
${fence}

The procedure follows Hendrycks, Zhao, Basart, Steinhardt and Song, *Natural Adversarial Examples*, CVPR 2021.`;
}

function open(account: Account): string | false {
  const questions = openQuestions(account).map((key) => [`\`${key}\``, CARD_QUESTIONS[key]]);
  return (
    questions.length > 0 &&
    `## Open questions

The curator has not answered ${countOf(questions.length, 'question')}. Answers go into \`export.card\` of the collection file.

${markdownTable(['key', 'question'], questions)}`
  );
}
