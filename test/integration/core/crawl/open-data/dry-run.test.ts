import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type DryRunLine, openDataDryRun } from '../../../../../src/core/crawl/discover/dry-run.process.ts';
import { loadConfig } from '../../../../../src/core/config/load-config.ts';
import type { WantedClass } from '../../../../../src/core/crawl/sources/network-source.ts';
import { readQueriesLines, worldOf } from '../../../../support/sites/inaturalist-world.ts';
import { repositoryRoot, withFolder } from '../../../../support/winnow.ts';
import { dumpOf } from './dump.ts';

const QUERIES = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');

async function linesOf(folder: string, classes: readonly WantedClass[]): Promise<DryRunLine[]> {
  const { config } = await loadConfig({ env: { WINNOW_SOURCES_INATURALIST_OPEN_DATA_URL: folder } });
  const lines: DryRunLine[] = [];
  const about = { source: 'inaturalist-open-data', classes };
  for await (const line of openDataDryRun(config, about, new AbortController().signal)) lines.push(line);
  return lines;
}

describe('a dry run of the open data', () => {
  it('lists the taxa that it would search for and the files that it would read, but only reads the taxa', async () => {
    const lines = readQueriesLines(await readFile(QUERIES, 'utf8')).filter(({ name }) => name === 'goose');
    const [goose] = lines;
    const dump = dumpOf(worldOf(lines, { perTaxon: 2 }));
    await withFolder(async (folder) => {
      for (const [name, text] of Object.entries(dump))
        await writeFile(path.join(folder, name), name === 'taxa.csv.gz' ? gzipSync(text) : 'is not read');
      const wanted = (wnid: string, entry: WantedClass['entry']): WantedClass => {
        return { wnid, name: wnid, scientificName: null, entry };
      };
      const told = await linesOf(folder, [
        wanted('n01855672', z.json().parse(goose?.inaturalist)),
        wanted('n02', [{ taxon: 'Nonesuch' }]),
      ]);
      expect(told.filter(({ wnid }) => wnid === 'n01855672').length).toBeGreaterThan(0);
      expect(told.filter(({ wnid }) => wnid === 'n02')).toMatchObject([
        { problem: expect.stringContaining('Nonesuch') },
      ]);
      expect(told.filter(({ wnid }) => wnid === null).map(({ title }) => title)).toEqual(
        ['taxa', 'observations', 'observers', 'photos'].map((name) =>
          expect.stringMatching(new RegExp(`^reads ${name}\\.csv\\.gz of .*, \\d+\\.\\d MB$`)),
        ),
      );
      await rm(path.join(folder, 'photos.csv.gz'));
      await expect(linesOf(folder, [])).rejects.toMatchObject({ name: 'UsageError', code: 'open-data-file' });
    });
  });
});
