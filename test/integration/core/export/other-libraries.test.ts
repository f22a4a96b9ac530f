import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { addStrayFile, protocolOf, writeExport } from '../../../support/exported.ts';
import { suiteFolder } from '../../../support/process-tree.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

const run = promisify(execFile);
/** A Python that has torchvision, datasets, mlcroissant and huggingface_hub. */
const PYTHON = process.env['WINNOW_INTEROP_PYTHON'] ?? '';
/** A Python that imports all of the libraries takes half a minute under load. */
const TIMEOUT_MS = 300_000;
const folder = suiteFolder();

function skipWithoutPython(context: TestContext): void {
  context.skip(!existsSync(PYTHON), 'WINNOW_INTEROP_PYTHON names no Python that has datasets and mlcroissant');
}

/** Names that YAML 1.1, which PyYAML reads, takes for something else. */
const NAMES = [
  'no',
  '1e3',
  '2026-11-26',
  '~',
  'null',
  'a: b',
  '- x',
  '"',
  "it's",
  '0x1F',
  '12:30',
  '1_000',
  '蜂 🐝',
  'y',
  '=',
  '<<',
  '',
  'a\u2028b\u007F\u0085c',
];

/** An export as `datasets` and `mlcroissant` read it, printed by test/support/read-export.py. */
interface ReadExport {
  readonly rows: number;
  readonly columns: readonly string[];
  readonly names: readonly string[];
  readonly prettyName: string;
  readonly croissant: { readonly warnings: readonly string[]; readonly records: Readonly<Record<string, number>> };
}

async function readExport(root: string): Promise<ReadExport> {
  const reader = path.join(repositoryRoot, 'test', 'support', 'read-export.py');
  const { stdout } = await run(PYTHON, [reader, root], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}

const COMPLETE = {
  rows: 6,
  columns: expect.arrayContaining(['image', 'label']),
  croissant: { warnings: [], records: { classes: 3, photos: 6, images: 6 } },
};

describe.sequential('the card of an export', { timeout: TIMEOUT_MS }, () => {
  it('keeps shards, Parquet files, thumbnails and COCO files out of the set', async (context) => {
    skipWithoutPython(context);
    const root = folder.at('strays');
    await writeExport(root, protocolOf());
    const files = [
      'shards/test-000000.tar',
      'data/test-00000-of-00001.parquet',
      'thumbnails/p1.webp',
      'thumbnails/p2.jpg',
    ];
    for (const file of [...files, 'annotations/coco.json']) await addStrayFile(root, file, 'no real file');
    expect(await readExport(root)).toMatchObject(COMPLETE);
  });

  it('lets datasets and mlcroissant load files that are named as in the released sets', async (context) => {
    skipWithoutPython(context);
    const root = folder.at('released-names');
    const { options } = protocolOf();
    await writeExport(root, protocolOf({ options: { ...options, names: 'imagenet-a' } }));
    expect(await readExport(root)).toMatchObject(COMPLETE);
  });

  it('gives class names to PyYAML unchanged, also those that YAML 1.1 takes for other values', async (context) => {
    skipWithoutPython(context);
    const root = folder.at('names');
    const many = NAMES.map((name, label) => ({ label, wnid: `n${10_000_000 + label}`, name, photos: 1 }));
    await writeExport(root, protocolOf({ classes: many, card: { title: 'no' } }));
    expect(await readExport(root)).toMatchObject({ names: NAMES, prettyName: 'no' });
  });

  it('lets datasets load the lines of a set without pictures, and mlcroissant its records', async (context) => {
    skipWithoutPython(context);
    const root = folder.at('links');
    const { options } = protocolOf();
    await writeExport(root, protocolOf({ options: { ...options, pixels: false } }));
    const seen = await readExport(root);
    expect(seen).toMatchObject({ rows: 6, columns: expect.arrayContaining(['file_name', 'source_url']) });
    expect(seen.columns).not.toContain('image');
    expect(seen.croissant).toEqual({ warnings: [], records: { classes: 3, photos: 6 } });
  });
});
