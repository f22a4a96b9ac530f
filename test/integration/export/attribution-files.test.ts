import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, it, onTestFinished } from 'vitest';
import { AttributionFiles } from '../../../src/export/card/attribution-files.process.ts';
import { OutputFolder } from '../../../src/export/output-folder.process.ts';
import { photoRow } from '../../support/photo-files.ts';
import { sha256Of } from '../../support/sha256.ts';

it('AttributionFiles writes a row and a line for each photo, and one heading for each class', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'winnow-attribution-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const folder = await OutputFolder.open(root, (one) => mkdir(one, { recursive: true }));
  const files = await AttributionFiles.open(folder, 'fish');
  // More photos than are written at once, and a class that begins in the middle.
  const rows = Array.from({ length: 600 }, (_, i) =>
    photoRow(`p${i}`, { wnid: i < 300 ? 'n01440764' : 'n01443537', class_name: i < 300 ? 'tench' : 'goldfish' }),
  );
  for (const row of rows) await files.add({ row });
  const written = await files.finish();
  await folder.close();
  const [table = '', page = ''] = await Promise.all(
    written.map(async (file) => {
      const text = await readFile(path.join(root, file.path), 'utf8');
      expect(file).toMatchObject({ sha256: sha256Of(text), bytes: Buffer.byteLength(text) });
      return text;
    }),
  );
  expect(written.map((file) => file.path)).toEqual(['attribution.csv', 'ATTRIBUTION.md']);
  const ids = parse<{ id: string }>(table, { columns: true }).map(({ id }) => id);
  expect(ids).toEqual(rows.map(({ id }) => id));
  expect(page.match(/^## .*$/gm)).toEqual(['## tench (n01440764)', '## goldfish (n01443537)']);
  expect(page.match(/^- \[p\d+\]/gm)).toHaveLength(600);
});
