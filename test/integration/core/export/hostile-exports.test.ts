import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import type { Verification } from '../../../../src/core/export/verify/findings.ts';
import { repositoryRoot, startNode } from '../../../support/winnow.ts';
import { Copy } from './damages.ts';

const EXPORT = path.join(repositoryRoot, 'test/fixtures/exports/format-1');
const folder = suiteFolder();

/** Far below what such files took without bounds: 1 GB and more. */
const HEAP_MB = 160;

const EMPTY_OBJECTS = Array.from({ length: 300_000 }, () => '{}').join();
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

interface Hostile {
  readonly title: string;
  readonly check: string;
  readonly detail: RegExp;
  readonly change: (copy: Copy) => Promise<void>;
}

/** Gives a key of protocol.json a text of JSON as its value. */
const protocolWith =
  (key: string, json: string) =>
  async (copy: Copy): Promise<void> =>
    copy.edit('protocol.json', (text) =>
      JSON.stringify({ ...JSON.parse(text), [key]: '@' }).replace('"@"', () => json),
    );

/** Each in a file of its own, so that one export has them all. */
const TOGETHER: readonly Hostile[] = [
  {
    title: 'annotations of many empty objects',
    check: 'coco',
    detail: /Expected at most \d+ values but there are more/,
    change: async (copy) =>
      writeFile(copy.of('annotations/coco.json'), `{"images":[${EMPTY_OBJECTS}],"annotations":[],"categories":[]}`),
  },
  {
    title: 'lists that are a million deep in croissant.json',
    check: 'croissant',
    detail: /Expected lists and objects at most 20 deep/,
    change: async (copy) => copy.edit('croissant.json', (text) => text.replace('{', () => `{"x":${deep(1_000_000)},`)),
  },
  {
    title: 'a row with many wrong tags',
    check: 'metadata',
    detail: /'tags' is wrong: expected at most 1000 items/,
    change: async (copy) =>
      copy.edit('test/metadata.jsonl', (text) => text.replace(/"tags":\[.*?\]/, `"tags":[${'1,'.repeat(400_000)}1]`)),
  },
  {
    title: 'a front matter of a megabyte',
    check: 'card',
    detail: /Expected a front matter of at most \d+ characters/,
    change: async (copy) =>
      copy.edit('README.md', (text) => text.replace('---\n', `---\nx: [${'a,'.repeat(500_000)}]\n`)),
  },
  {
    title: 'a table of a hundred thousand columns',
    check: 'attribution',
    detail: /Expected at most 200 columns/,
    change: async (copy) =>
      writeFile(copy.of('attribution.csv'), `${Array.from({ length: 100_000 }, (_, i) => `x${i}`).join()}\n`.repeat(2)),
  },
  {
    title: 'a list of checksums of many files that are not there',
    check: 'checksum',
    detail: /Expected at most \d+ files/,
    change: async (copy) =>
      copy.edit('SHA256SUMS', (text) =>
        Array.from({ length: 100_000 }, (_, i) => `${'0'.repeat(64)}  test/${i}.jpg\n`).reduce((a, b) => a + b, text),
      ),
  },
];

/** Each ends the reading of its file, so each has an export of its own. */
const ALONE: readonly Hostile[] = [
  {
    title: 'a format that is repeated',
    check: 'metadata',
    detail: /'options\.formats' is wrong: expected at most 3 items but received 200/,
    change: async (copy) =>
      copy.edit('protocol.json', (text) => {
        const protocol = JSON.parse(text);
        const formats = Array.from({ length: 200 }, () => 'coco');
        return JSON.stringify({ ...protocol, options: { ...protocol.options, formats } });
      }),
  },
  {
    title: 'a format that is listed twice',
    check: 'metadata',
    detail: /'options\.formats' is wrong: expected each format once/,
    change: async (copy) =>
      copy.edit('protocol.json', (text) => {
        const protocol = JSON.parse(text);
        return JSON.stringify({ ...protocol, options: { ...protocol.options, formats: ['coco', 'coco'] } });
      }),
  },
  {
    title: 'many wrong classes',
    check: 'metadata',
    detail: /'classes' is wrong: expected at most 100000 items/,
    change: protocolWith('classes', `[${EMPTY_OBJECTS}]`),
  },
  {
    title: 'many wrong answers of the curator',
    check: 'metadata',
    detail: /'card' is wrong: expected at most 1000 items/,
    change: protocolWith('card', JSON.stringify(Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [i, i])))),
  },
  {
    title: 'lists that are a million deep in the funnel',
    check: 'metadata',
    detail: /Expected lists and objects at most 20 deep/,
    change: protocolWith('funnel', `{"a":${deep(1_000_000)}}`),
  },
  {
    title: 'many wrong files in croissant.json',
    check: 'croissant',
    detail: /'distribution' is wrong/,
    change: async (copy) =>
      copy.edit('croissant.json', (text) =>
        JSON.stringify({ ...JSON.parse(text), distribution: '@' }).replace('"@"', () => `[${EMPTY_OBJECTS}]`),
      ),
  },
];

/** Verifies a copy of the export with these changes, in a process without memory for more. */
async function breachesOf(name: string, changes: readonly Hostile[]): Promise<Verification['breaches']> {
  const copy = new Copy(folder.at(name));
  await cp(EXPORT, copy.root, { recursive: true });
  for (const { change } of changes) await change(copy);
  const node = [`--max-old-space-size=${HEAP_MB}`, path.join(repositoryRoot, 'src/cli/winnow.cjs')];
  const args = [...node, 'verify', copy.root, '--sample', '0', '--json'];
  const { code, stdout, stderr } = await startNode(args, { timeoutMs: 100_000 }).result;
  expect([code, stderr.slice(0, 500)]).toEqual([1, expect.not.stringContaining('unexpected error')]);
  return (JSON.parse(stdout) as Verification).breaches;
}

const expectBreach = (breaches: Verification['breaches'], { check, detail }: Hostile): void =>
  expect(breaches).toContainEqual({ check, file: expect.any(String), detail: expect.stringMatching(detail) });

describe('verify of an export from a stranger', () => {
  let together: Verification['breaches'] = [];
  beforeAll(async () => {
    together = await breachesOf('together', TOGETHER);
  });

  it.each(TOGETHER)('refuses $title early', (hostile) => expectBreach(together, hostile));

  it.each(ALONE)('refuses $title early', async (hostile) => {
    expectBreach(await breachesOf(hostile.title.replaceAll(' ', '-'), [hostile]), hostile);
  });
});
