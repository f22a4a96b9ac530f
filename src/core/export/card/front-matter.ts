import { stringify } from 'yaml';
import { oneLine, printable } from '../../kernel/printable.ts';
import type { WrittenFile } from '../output-folder.process.ts';
import { CARD_QUESTIONS, type CardKey } from '../../collection/card-questions.ts';
import { columnsOf, type ColumnType } from '../select/photo-columns.ts';
import { allLicences, type Protocol } from '../protocol.ts';
import { LICENCES_PAGE, METADATA } from '../layout.ts';
import { CARD_TEXTS } from './mode-texts.ts';

/**
 * The head of README.md, which the Hugging Face Hub and `datasets` read (hub-docs, datasetcard.md). Measured with
 * datasets 5.2 beside a metadata file: class names count only if the full list of features stands both in the config
 * and in `dataset_info`, and splits count only with `num_bytes`. The explicit path keeps shards, Parquet files and
 * thumbnails out of the set.
 */
export function frontMatter(protocol: Protocol, files: readonly WrittenFile[]): string {
  const { photos, bytes, options } = protocol;
  const features = featuresOf(protocol);
  const content = {
    ...licenceOf(protocol),
    pretty_name: titleOf(protocol),
    size_categories: [SIZES.find(([below]) => photos < below)?.[1] ?? '10M<n<100M'],
    task_categories: ['image-classification'],
    ...CARD_TEXTS[protocol.rule.mode].hubTasks,
    // The labels, which reviewers accepted. The Hub has no word for reviewers whose training is unknown.
    annotations_creators: [protocol.folders === 'predicted' ? 'machine-generated' : 'found'],
    tags: tagsOf(protocol),
    configs: [
      {
        config_name: 'default',
        data_files: [{ split: 'test', path: options.pixels ? 'test/**' : METADATA }],
        features,
      },
    ],
    dataset_info: {
      config_name: 'default',
      features,
      splits: [{ name: 'test', num_bytes: bytes, num_examples: photos }],
      download_size: bytes + (files.find(({ path }) => path === METADATA)?.bytes ?? 0),
      dataset_size: bytes,
    },
  };
  return `---\n${yamlOf(content)}---\n`;
}

/**
 * Every text is quoted, because PyYAML reads YAML 1.1, where a class called `no` is false and one called `=` is an error. It
 * also refuses control characters, and takes U+2028 for the end of a line.
 */
function yamlOf(content: Readonly<Record<string, unknown>>): string {
  const quoted = { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' } as const;
  return printable(stringify(content, { ...quoted, lineWidth: 0, aliasDuplicateObjects: false }));
}

/** The ids of the Hub that a licence of a photo can have (hub-docs, repositories-licenses.md), as SPDX writes them. */
const HUB_LICENCES: ReadonlyMap<string, string> = new Map([
  ...(
    'Apache-2.0 MIT Artistic-2.0 BSL-1.0 BSD-2-Clause BSD-3-Clause CC0-1.0 CC-BY-2.0 CC-BY-2.5 CC-BY-3.0 CC-BY-4.0 ' +
    'CC-BY-SA-3.0 CC-BY-SA-4.0 CC-BY-NC-2.0 CC-BY-NC-3.0 CC-BY-NC-4.0 CC-BY-ND-4.0 CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0 ' +
    'CC-BY-NC-SA-2.0 CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0 CDLA-Sharing-1.0 CDLA-Permissive-1.0 CDLA-Permissive-2.0 WTFPL ' +
    'EPL-2.0 etalab-2.0 EUPL-1.1 ISC MPL-2.0 OFL-1.1 Unlicense Zlib unknown'
  )
    .split(' ')
    .map((id) => [id, id.toLowerCase()] as const),
  ['AGPL-3.0-only', 'agpl-3.0'],
  ['GPL-2.0-only', 'gpl-2.0'],
  ['GPL-3.0-only', 'gpl-3.0'],
  ['LGPL-2.1-only', 'lgpl-2.1'],
  ['LGPL-3.0-only', 'lgpl-3.0'],
  ['ODbL-1.0', 'odbl'],
  ['ODC-By-1.0', 'odc-by'],
  ['PDDL-1.0', 'pddl'],
]);

type LicenceFields =
  | Readonly<Record<'license' | 'license_name' | 'license_link', string>>
  | { readonly license: string };

/** One licence of all photos, if the Hub knows it. Otherwise `other`, with a link to the page that lists the licences. */
function licenceOf(protocol: Protocol): LicenceFields {
  const all = allLicences(protocol);
  const only = all.length === 1 ? all[0] : undefined;
  const known = only === undefined ? undefined : HUB_LICENCES.get(only);
  if (known !== undefined) return { license: known };
  const slug = (only ?? '')
    .toLowerCase()
    .replace(/[^\da-z.]+/g, '-')
    .replace(/^-|-$/g, '');
  return { license: 'other', license_name: slug === '' ? 'mixed-per-photo' : slug, license_link: LICENCES_PAGE };
}

const SIZES: readonly (readonly [below: number, category: string])[] = [
  [1_000, 'n<1K'],
  [10_000, '1K<n<10K'],
  [100_000, '10K<n<100K'],
  [1_000_000, '100K<n<1M'],
  [10_000_000, '1M<n<10M'],
];

function tagsOf({ rule, options }: Protocol): readonly string[] {
  return [
    ...CARD_TEXTS[rule.mode].hubTags,
    'test-set',
    'winnow',
    ...options.formats.filter((format) => format === 'webdataset'),
  ];
}

type Feature = Readonly<Record<string, unknown>>;

const FEATURE_OF: Readonly<Record<Exclude<ColumnType, 'label'>, Feature>> = {
  text: { dtype: 'string' },
  'whole number': { dtype: 'int32' },
  number: { dtype: 'float64' },
  texts: { list: 'string' },
};

/** The columns as `datasets` names them: it puts the picture of `file_name` into `image`. */
function featuresOf(protocol: Protocol): readonly Feature[] {
  const names = Object.fromEntries(protocol.classes.map(({ label, name }) => [String(label), name]));
  return columnsOf(protocol).map(({ name, type }) => {
    if (name === 'file_name' && protocol.options.pixels) return { name: 'image', dtype: 'image' };
    return { name, ...(type === 'label' ? { dtype: { class_label: { names } } } : FEATURE_OF[type]) };
  });
}

export function answerTo({ card }: Pick<Protocol, 'card'>, key: CardKey): string | null {
  const answer = Object.hasOwn(card, key) ? card[key]?.trim() : undefined;
  return answer === undefined || answer === '' ? null : answer;
}

export function answerOrOpen(protocol: Pick<Protocol, 'card'>, key: CardKey): string {
  return answerTo(protocol, key) ?? `Open: the curator has not answered this (export.card.${key}).`;
}

/** Keys that are never open: they have a default, or the set has no version but its revision. */
const OPTIONAL: ReadonlySet<CardKey> = new Set<CardKey>(['title', 'description', 'citation', 'version']);

export function openQuestions(
  protocol: Pick<Protocol, 'card'>,
): readonly (readonly [key: CardKey, question: string])[] {
  return cardKeys()
    .filter((key) => !OPTIONAL.has(key) && answerTo(protocol, key) === null)
    .map((key) => [key, CARD_QUESTIONS[key]] as const);
}

function cardKeys(): readonly CardKey[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the object is a constant, so it has no other keys
  return Object.keys(CARD_QUESTIONS) as CardKey[];
}

/** The name of the set, in one line. Without an answer it says how the set was made, and does not claim to be another set. */
export function titleOf(protocol: Protocol): string {
  const answer = answerTo(protocol, 'title');
  if (answer !== null) return oneLine(answer);
  return `${CARD_TEXTS[protocol.rule.mode].title} (${oneLine(protocol.collection.name)})`;
}

export function curatorsOf(protocol: Protocol): readonly string[] {
  const names = (answerTo(protocol, 'curators') ?? '')
    .split(/[;\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length > 0 ? names : [`The curators of the collection ${oneLine(protocol.collection.name)}`];
}

export function citationOf(protocol: Protocol): string {
  const { id, frozenAt } = protocol;
  const version = answerTo(protocol, 'version');
  const url = answerTo(protocol, 'url');
  const fields = [
    ['title', titleOf(protocol)],
    [
      'author',
      curatorsOf(protocol)
        .map((name) => `{${withoutBraces(name)}}`)
        .join(' and '),
    ],
    ['year', frozenAt.slice(0, 4)],
    ...(version === null ? [] : [['version', version]]),
    ['note', `Revision ${id}`],
    ...(url === null ? [] : [['url', oneLine(url)]]),
  ].map(([key = '', value = '']) => `  ${key} = {${key === 'author' ? value : withoutBraces(value)}}`);
  const own = `@misc{winnow-${id.slice(0, 12)},\n${fields.join(',\n')}\n}`;
  return answerTo(protocol, 'citation') ?? own;
}

/** Unpaired braces end a field of BibTeX too early. */
const withoutBraces = (text: string): string => text.replace(/[{}\\]/g, '');
