import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CARD_QUESTIONS } from '../../../../../src/core/collection/card-questions.ts';
import { packageRoot } from '../../../../../src/core/config/root.ts';
import { accountOf } from '../../../../../src/core/export/card/account.ts';
import { exportCard } from '../../../../../src/core/export/card/card.ts';
import { choicesOf, type Protocol } from '../../../../../src/core/export/protocol.ts';
import { modeOProtocolOf, protocolOf } from '../../../../support/exported.ts';
import { sha256Of } from '../../../../support/sha256.ts';

/** Cards as they are written today, without their front matter. `npm run test:unit -- card -u` writes them again. */
const FIXTURES = `${packageRoot}/test/fixtures/cards`;
const METADATA = { path: 'test/metadata.jsonl', sha256: sha256Of('rows'), bytes: 1_000 };
const card = (changes: Partial<Protocol> = {}): string => exportCard(accountOf(protocolOf(changes)), [METADATA]);
const { options, review, funnel, collection } = protocolOf();

const ALL_ANSWERS = Object.fromEntries(Object.keys(CARD_QUESTIONS).map((key) => [key, `Answer to ${key}.`]));

/** All forms and answers, a takedown, metadata that was kept, and a curator's texts that look like Markdown. */
const [member, ...others] = protocolOf().models;
const WEB = { name: 'WebLI', until: '2022', classes: ['web' as const, 'imagenet-21k' as const] };
const trained = member === undefined ? [] : [{ ...member, trainingData: WEB }, ...others];
const EVERYTHING = protocolOf({
  models: trained,
  collection: { ...collection, name: 'imagenet-a' },
  card: { ...ALL_ANSWERS, citation: 'a ``` b', contact: 'ana@example.org' },
  options: { ...options, formats: ['webdataset', 'coco', 'parquet'], keepMetadata: true },
  stripped: 0,
  review: { ...review, criteria: 'Sharp.\n# Not a heading' },
  licences: [{ licence: 'CC-BY-4.0', url: 'https://example.org/a b>c', photos: 6 }],
  tombstones: [{ id: 'p0123', wnid: 'n01440764', takenDownAt: '2026-11-01T10:00:00.000Z' }],
  funnel: { ...funnel, dropped: { 'too-small': 30, 'ai-generated': 4 } },
});
/** One photo, which only a script fetches, and no tags, counts, second verdicts or answers. */
const LITTLE = protocolOf({
  photos: 1,
  classes: [{ label: 0, wnid: 'n01440764', name: 'tench', photos: 1 }],
  licences: [{ licence: 'Public-Domain', url: '', photos: 1 }],
  stripped: 3,
  reencoded: 1,
  options: { ...options, pixels: false },
  review: { ...review, orders: [], agreement: { ...review.agreement, photos: 0, percent: null } },
  tags: [],
  choices: [],
  funnel: {},
  card: { funding: ' \n' },
});

function frontMatterOf(text: string): Record<string, unknown> {
  return parse(/^---\n(.*?)\n---\n/s.exec(text)?.[1] ?? '');
}

/** The text under a heading, up to the next one of the same depth or above. */
function sectionOf(text: string, heading: string): string {
  const start = text.indexOf(`\n${heading}\n`);
  expect(start, heading).toBeGreaterThan(-1);
  const depth = heading.indexOf(' ');
  const rest = text.slice(start + heading.length + 2);
  return rest.slice(0, rest.search(new RegExp(`\n#{2,${depth}} |$(?![^])`)));
}

describe('a card of models with known training photos', () => {
  it('says in limits and datasheet which are of the web, and in mode O which are of ImageNet-21k', () => {
    const limits = sectionOf(exportCard(accountOf(EVERYTHING), [METADATA]), '## Limits');
    expect(limits).toContain('maybe on photos of this set: efficientnet-lite0 (WebLI, until 2022).');
    expect(limits).not.toContain('ImageNet-21k');
    const modeO = exportCard(accountOf({ ...modeOProtocolOf(), models: trained.slice(0, 1) }), [METADATA]);
    expect(sectionOf(modeO, '## Limits')).toContain('Trained on ImageNet-21k: efficientnet-lite0');
    expect(sectionOf(modeO, '## Datasheet')).toContain(
      'training photos of the models: efficientnet-lite0 (WebLI, until 2022)',
    );
    expect(card()).not.toContain('training photos of the models');
  });
});

describe('the front matter of a card', () => {
  it('has the full list of features in the config and in dataset_info, and reads test/ only', () => {
    const { configs, dataset_info: info, ...rest } = frontMatterOf(card());
    const names = { 0: 'tench', 1: 'stingray, "yes: no" # 1', 2: 'bee | *honeybee* é 蜂' };
    const features = expect.arrayContaining([
      { name: 'image', dtype: 'image' },
      { name: 'label', dtype: { class_label: { names } } },
      { name: 'tags', list: 'string' },
    ]);
    expect(configs).toEqual([{ config_name: 'default', data_files: [{ split: 'test', path: 'test/**' }], features }]);
    expect(info).toEqual({
      config_name: 'default',
      features,
      splits: [{ name: 'test', num_bytes: 6_000, num_examples: 6 }],
      download_size: 7_000,
      dataset_size: 6_000,
    });
    expect(rest).toEqual({
      license: 'other',
      license_name: 'mixed-per-photo',
      license_link: 'LICENSES.md',
      pretty_name: 'Adversarially filtered photos (demo)',
      size_categories: ['n<1K'],
      task_categories: ['image-classification'],
      task_ids: ['multi-class-image-classification'],
      annotations_creators: ['found'],
      tags: ['adversarial-filtering', 'robustness', 'test-set', 'winnow'],
    });
  });

  it.each([
    ['CC-BY-4.0', { license: 'cc-by-4.0' }],
    ['CC0-1.0', { license: 'cc0-1.0' }],
    ['ODbL-1.0', { license: 'odbl' }],
    ['unknown', { license: 'unknown' }],
    ['CC-BY-ND-2.0', { license: 'other', license_name: 'cc-by-nd-2.0', license_link: 'LICENSES.md' }],
    ['Public-Domain', { license: 'other', license_name: 'public-domain', license_link: 'LICENSES.md' }],
    ['MIT OR CC0-1.0', { license: 'other', license_name: 'mit-or-cc0-1.0', license_link: 'LICENSES.md' }],
  ])('gives the one licence %s the words of the Hub', (licence, expected) => {
    expect(frontMatterOf(card({ licences: [{ licence, url: '', photos: 6 }] }))).toMatchObject(expected);
  });

  it.each([
    [999, 'n<1K'],
    [1_000, '1K<n<10K'],
    [99_999, '10K<n<100K'],
    [1_000_000, '1M<n<10M'],
    [20_000_000, '10M<n<100M'],
  ])('files %d photos under %s', (photos, category) => {
    expect(frontMatterOf(card({ photos }))).toMatchObject({ size_categories: [category] });
  });

  it('describes the lines instead of pictures if the export has none', () => {
    const { configs } = frontMatterOf(card({ options: { ...options, pixels: false } }));
    const features = expect.arrayContaining([{ name: 'file_name', dtype: 'string' }]);
    expect(configs).toMatchObject([{ data_files: [{ path: 'test/metadata.jsonl' }], features }]);
    expect(JSON.stringify(configs)).not.toContain('"image"');
  });

  it('keeps a title of several lines in one, and long names whole', () => {
    const name = 'ab '.repeat(400).trim();
    const text = card({ card: { title: 'A\ntitle: "x"' }, classes: [{ label: 0, wnid: 'n1', name, photos: 6 }] });
    expect(frontMatterOf(text)).toMatchObject({ pretty_name: String.raw`A\ntitle: "x"` });
    expect(JSON.stringify(frontMatterOf(text))).toContain(name);
  });
});

describe('the text of a card', () => {
  it.each([
    ['mode A', 'mode-a.md', protocolOf({ choices: choicesOf('A') })],
    ['mode O', 'mode-o.md', modeOProtocolOf({ choices: choicesOf('O') })],
    ['mode O with folders by concept', 'mode-o-concepts.md', modeOProtocolOf({ folders: 'concept' })],
    ['a set that has everything', 'everything.md', EVERYTHING],
    ['a set that lacks what can be lacking', 'little.md', LITTLE],
  ])('says of %s what is in the file of the fixtures', async (_, file, protocol) => {
    const shards = ['shards/test-000000.tar', 'shards/test-000001.tar'].map((path) => ({ ...METADATA, path }));
    const files = protocol === EVERYTHING ? [METADATA, ...shards] : [METADATA];
    const body = exportCard(accountOf(protocol), files).replace(/^---\n.*?\n---\n\n/s, '');
    await expect(body).toMatchFileSnapshot(`${FIXTURES}/${file}`);
  });

  it('states the rule that was applied', () => {
    const rule = { mode: 'A', threshold: 0.2, cap: 7 } as const;
    const texts = (['max', 'mean'] as const).flatMap((aggregation) =>
      (['any', 'all'] as const).map((members) =>
        sectionOf(card({ rule: { ...rule, aggregation, members } }), '### Filter'),
      ),
    );
    expect(new Set(texts).size).toBe(4);
    for (const text of texts) expect(text).toContain('a probability above 0.2');
    expect(texts[0]).toContain('if any crop of any model put the class that the photo was searched as first');
    expect(texts[3]).toContain('the mean of a model’s ten crops');
    expect(sectionOf(card({ rule: { ...rule, aggregation: 'max', members: 'any' } }), '### Shortlist')).toContain(
      'at most 7 kept photos of a class with the same predicted class',
    );
  });
});

it('the card of a set with controls compares what reviewers accepted', () => {
  const control = { photos: 30, bytes: 9, accepted: 30, rejected: 10, licences: ['CC0-1.0'] };
  const text = card({ control, funnel: { ...funnel, selected: 6, rejected: 18 } }).replaceAll(/\s+/g, ' ');
  expect(text).toContain('they accepted 30 of 40 (75.0 %) controls and 6 of 24 (25.0 %) listed photos');
  expect(card()).not.toContain('## Controls');
});

it('the card of mode O says in its front matter that a model chose the folders', () => {
  expect(frontMatterOf(exportCard(accountOf(modeOProtocolOf()), [METADATA]))).toMatchObject({
    annotations_creators: ['machine-generated'],
    tags: ['out-of-distribution', 'anomaly-detection', 'test-set', 'winnow'],
  });
});
