import { cp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { verifyFolder } from '../../../../src/core/export/verify/verify.process.ts';
import { version } from '../../../../src/core/config/version.ts';
import { isOfAnExport } from '../../../../src/core/export/layout.ts';
import { EXPORT_FORMAT } from '../../../../src/core/export/protocol.ts';
import { idOf } from '../../../../src/core/export/revisions/revision-id.ts';
import type { Verification } from '../../../../src/core/export/verify/findings.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { Copy, type Damage } from './damages.ts';

const FIXTURES = path.join(repositoryRoot, 'test/fixtures/exports');
const folder = suiteFolder();

async function verify(root: string, sample: number | null): Promise<Verification> {
  return verifyFolder(root, {
    sample,
    threads: 1,
    cropsPerPass: 8,
    provider: 'cpu',
    maxPixels: 100_000_000,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
}

const JPEG = 'n01440764/p249a286f03e20559.jpg';

/** Changes one byte of a file in the middle. */
const flip =
  (file: string) =>
  async (copy: Copy): Promise<void> => {
    const bytes = await readFile(copy.of(file));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(copy.of(file), bytes);
  };

/** Replaces the first match in a file and makes all hashes right. */
const replace =
  (file: string, from: string | RegExp, to: string) =>
  async (copy: Copy): Promise<void> => {
    await copy.edit(file, (text) => text.replace(from, to));
    await copy.seal();
  };

/** Each value that verify reads in an export of an earlier format. */
const DAMAGES: readonly Damage[] = [
  {
    title: 'a byte of a photo',
    check: 'checksum',
    file: /^test\/n/,
    detail: /SHA256SUMS/,
    change: flip(`test/${JPEG}`),
  },
  { title: 'a byte of the card', check: 'checksum', file: /^README/, detail: /SHA256SUMS/, change: flip('README.md') },
  {
    title: 'a byte of a thumbnail',
    check: 'checksum',
    file: /^thumbnails/,
    detail: /SHA256SUMS/,
    change: flip('thumbnails/n01440764/p249a286f03e20559.webp'),
  },
  {
    title: 'a value of the protocol without its id',
    check: 'checksum',
    file: /^protocol/,
    detail: /Expected the id/,
    change: async (copy) => copy.edit('protocol.json', (text) => text.replace('"cap": 2', '"cap": 3')),
  },
  {
    title: 'a count of the protocol',
    check: 'count',
    file: /^protocol/,
    detail: /Expected 7 for the photos but there are 6/,
    change: async (copy) => copy.editProtocol(() => ({ photos: 7 })),
  },
  {
    title: 'the cap',
    check: 'cap',
    file: /metadata/,
    detail: /Expected at most 0 photos/,
    change: async (copy) => copy.editProtocol(({ rule }) => ({ rule: { ...rule, cap: 0 } })),
  },
  {
    title: 'the order of classes',
    check: 'class-order',
    file: /^protocol/,
    detail: /in the order of their wnids/,
    change: async (copy) => copy.editProtocol(({ classes }) => ({ classes: classes.toReversed() })),
  },
  {
    title: 'the creator of a row',
    check: 'licence',
    file: /metadata/,
    detail: /Expected a creator/,
    change: async (copy) => copy.editRow(0, () => ({ creator: '' })),
  },
  {
    title: 'the licence of a row',
    check: 'licence',
    file: /metadata/,
    detail: /allows redistribution/,
    change: async (copy) => copy.editRow(0, () => ({ license: 'all-rights-reserved' })),
  },
  {
    title: 'the width of a row',
    check: 'metadata',
    file: /^test\/n/,
    detail: /Expected 999 x/,
    change: async (copy) => copy.editRow(0, () => ({ width: 999 })),
  },
  {
    title: 'a JPEG that is not the one of its source',
    check: 'metadata',
    file: /metadata/,
    detail: /Expected the bytes of the source/,
    change: async (copy) => {
      const bytes = await sharp(await readFile(copy.of(`test/${JPEG}`)))
        .jpeg()
        .toBuffer();
      await writeFile(copy.of(`test/${JPEG}`), bytes);
      await copy.editRowOf('p249a286f03e20559', () => ({ sha256: sha256Of(bytes) }));
    },
  },
  {
    title: 'the creator in attribution.csv',
    check: 'attribution',
    file: /^attribution\.csv:2$/,
    detail: /Expected the creator/,
    change: replace('attribution.csv', '名前', '名'),
  },
  {
    title: 'an outcome in decisions.csv',
    check: 'metadata',
    file: /^decisions\.csv/,
    detail: /Expected 'yes' for exported/,
    change: replace('decisions.csv', 'accepted,yes,', 'rejected,no,rejected'),
  },
  {
    title: 'the number of examples in the card',
    check: 'card',
    file: /^README/,
    detail: /Expected 6 for num_examples but received 9/,
    change: replace('README.md', 'num_examples: 6', 'num_examples: 9'),
  },
  {
    title: 'a hash in croissant.json',
    check: 'croissant',
    file: /^croissant/,
    detail: /but received 0000/,
    change: replace('croissant.json', /"sha256": "[0-9a-f]{64}"/, `"sha256": "${'0'.repeat(64)}"`),
  },
  {
    title: 'a category of coco.json',
    check: 'coco',
    file: /^annotations/,
    detail: /Expected the category/,
    change: replace('annotations/coco.json', '"category_id":1', '"category_id":2'),
  },
  {
    title: 'a row in a shard',
    check: 'shard',
    file: /^shards/,
    detail: /Expected the row of test\/metadata\.jsonl/,
    change: async (copy) => {
      const file = copy.of('shards/test-000000.tar');
      const text = await readFile(file, 'latin1');
      await writeFile(file, text.replace('"width":96', '"width":97'), 'latin1');
      await copy.seal();
    },
  },
  {
    title: 'the end of a Parquet file',
    check: 'parquet',
    file: /^data/,
    detail: /Expected a whole Parquet file/,
    change: async (copy) => {
      await truncate(copy.of('data/test-00000-of-00001.parquet'), 1_000);
      await copy.seal();
    },
  },
  {
    title: 'a probability that the models do not give',
    check: 'rule',
    file: /^test\/n/,
    detail: /Expected the max_true_prob .* as recomputed, but its row has 0\.01234/,
    needsModels: true,
    change: async (copy) => copy.editRow(0, () => ({ max_true_prob: 0.01234 })),
  },
  {
    title: 'a format of a newer winnow',
    check: 'metadata',
    file: /^protocol/,
    detail: new RegExp(`format from 1 to ${EXPORT_FORMAT} but received ${EXPORT_FORMAT + 1}. A newer winnow wrote`),
    change: async (copy) => copy.editProtocol(() => ({ format: EXPORT_FORMAT + 1 })),
  },
];

describe('verify of an export of an earlier format', () => {
  it('passes each export of the fixtures, and says that it did not write the texts again', async () => {
    const formats = (await readdir(FIXTURES)).filter((name) => name.startsWith('format-'));
    expect(formats).toEqual(Array.from({ length: EXPORT_FORMAT - 1 }, (_, i) => `format-${i + 1}`));
    for (const name of formats)
      expect(await verify(path.join(FIXTURES, name), null), name).toMatchObject({
        ok: true,
        photos: 6,
        breaches: [],
        skipped: [{ check: 'card', reason: expect.stringMatching(/in format \d.*cannot write them again/) }],
      });
  });

  it('has only paths that publishing knows, so that a later publish deletes them', async () => {
    const sums = await readFile(path.join(FIXTURES, 'format-1/SHA256SUMS'), 'utf8');
    const paths = sums
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(66));
    expect(paths.filter((file) => !isOfAnExport(file))).toEqual([]);
    expect(paths.length).toBeGreaterThan(20);
  });

  it('finds that a text was changed only if the export has the format and version of this winnow', async () => {
    const copy = await copyOf('words');
    await replace('LICENSES.md', 'photo', 'picture')(copy);
    await replace('attribution.csv', ',unchanged,', ',as it came,')(copy);
    expect(await verify(copy.root, 0)).toMatchObject({ ok: true, breaches: [] });
    const { id: _, ...rest } = { ...(await copy.protocol()), format: EXPORT_FORMAT, winnow: version };
    await writeFile(copy.of('protocol.json'), JSON.stringify({ ...rest, id: idOf(rest) }));
    await copy.seal();
    const { breaches } = await verify(copy.root, 0);
    expect(breaches.map(({ file }) => file)).toContain('LICENSES.md:1');
  });

  it.each(DAMAGES)('finds a change of $title', async ({ title, check, file, detail, needsModels = false, change }) => {
    const copy = await copyOf(title.replaceAll(' ', '-'));
    await change(copy);
    const { ok, breaches } = await verify(copy.root, needsModels ? null : 0);
    expect(ok).toBe(false);
    const expected = { check, file: expect.stringMatching(file), detail: expect.stringMatching(detail) };
    expect(breaches).toContainEqual(expected);
  });
});

async function copyOf(name: string): Promise<Copy> {
  const copy = new Copy(folder.at(name));
  await cp(path.join(FIXTURES, 'format-1'), copy.root, { recursive: true });
  return copy;
}
