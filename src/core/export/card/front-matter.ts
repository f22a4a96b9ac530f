import { stringify } from 'yaml';
import { printable } from '../../kernel/printable.ts';
import type { WrittenFile } from '../output-folder.process.ts';
import { columnsOf, type ColumnType } from '../select/photo-row.ts';
import { LICENCES_PAGE, METADATA } from '../layout.ts';
import type { Facts } from './facts.ts';

/**
 * The head of README.md, which the Hugging Face Hub and `datasets` read (hub-docs, datasetcard.md). Measured with
 * datasets 5.2 beside a metadata file: class names count only if the full list of features stands both in the config
 * and in `dataset_info`, and splits count only with `num_bytes`. The explicit path keeps shards, Parquet files and
 * thumbnails out of the set.
 */
export function frontMatter(facts: Facts, files: readonly WrittenFile[]): string {
  const { photos, bytes, options, modeTexts } = facts;
  const features = featuresOf(facts);
  const content = {
    ...licenceOf(facts),
    pretty_name: facts.title,
    size_categories: [SIZES.find(([below]) => photos < below)?.[1] ?? '10M<n<100M'],
    task_categories: ['image-classification'],
    ...modeTexts.hubTasks,
    // The labels, which reviewers accepted. The Hub has no word for reviewers whose training is unknown.
    annotations_creators: [facts.folders === 'predicted' ? 'machine-generated' : 'found'],
    tags: [...modeTexts.hubTags, 'test-set', 'winnow', ...options.formats.filter((format) => format === 'webdataset')],
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
function licenceOf({ allLicences }: Facts): LicenceFields {
  const only = allLicences.length === 1 ? allLicences[0] : undefined;
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

type Feature = Readonly<Record<string, unknown>>;

const FEATURE_OF: Readonly<Record<Exclude<ColumnType, 'label'>, Feature>> = {
  text: { dtype: 'string' },
  'whole number': { dtype: 'int32' },
  number: { dtype: 'float64' },
  texts: { list: 'string' },
};

/** The columns as `datasets` names them: it puts the picture of `file_name` into `image`. */
function featuresOf(facts: Facts): readonly Feature[] {
  const names = Object.fromEntries(facts.classes.map(({ label, name }) => [String(label), name]));
  return columnsOf(facts).map(({ name, type }) => {
    if (name === 'file_name' && facts.options.pixels) return { name: 'image', dtype: 'image' };
    return { name, ...(type === 'label' ? { dtype: { class_label: { names } } } : FEATURE_OF[type]) };
  });
}
