import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, isShell, NOT_RUN, type Block } from '../support/recipes/blocks.ts';
import { makeReader } from '../support/recipes/reader.ts';
import { openShell, type Shell } from '../support/recipes/shell.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { repositoryRoot } from '../support/winnow.ts';

useSharedServer();

/** Guides that make what later ones use come first. */
const FIRST = ['README.md', 'docs/README.md', 'docs/collections.md', 'docs/crawling.md', 'docs/filtering.md'];
const PAGES = [
  ...new Set([
    ...FIRST,
    ...readdirSync(path.join(repositoryRoot, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
    'CONTRIBUTING.md',
    'RELEASING.md',
  ]),
];
const ran: Record<string, number> = {};
const folder = suiteFolder();
let shell: Shell;

beforeAll(async () => {
  const reader = await makeReader(folder.at());
  shell = await openShell(reader.folder, reader.home);
}, 300_000);
afterAll(() => {
  shell?.close();
  console.log(Object.entries(ran).map(([kind, count]) => `${kind} ${count}`).join(', '));
});

const count = (kind: string): void => void (ran[kind] = (ran[kind] ?? 0) + 1);
const blocksOfPage = (page: string): readonly Block[] =>
  blocksOf(page, readFileSync(path.join(repositoryRoot, page), 'utf8')).filter(isShell);

describe.each(PAGES.filter((page) => blocksOfPage(page).length > 0))('the recipes of %s', (page) => {
  it('run as they stand', { timeout: 600_000 }, async () => {
    const failed: string[] = [];
    for (const block of blocksOfPage(page)) {
      count(block.mark ?? 'run');
      if (block.mark !== null) continue;
      const started = Date.now();
      const { code, stderr } = await shell.run(block.text);
      if (process.env['RECIPES_VERBOSE']) console.log(block.place, code, Date.now() - started, 'ms');
      if (code !== 0) failed.push(`${block.place} ended with ${code}\n${block.text}${stderr.slice(-500)}`);
    }
    expect(failed).toEqual([]);
  });
});
