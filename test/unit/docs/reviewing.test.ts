import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../../src/core/config/root.ts';

const PAGES = path.join(packageRoot, 'src', 'web', 'pages');

it('docs/reviewing.md quotes messages as the pages show them', () => {
  const guide = readFileSync(path.join(packageRoot, 'docs', 'reviewing.md'), 'utf8');
  const quoted = Array.from(guide.matchAll(/^- (\*\*".+?"\*\*)/gm), ([, text = '']) => text)
    .flatMap((text) => text.replaceAll('*', '').split(/", "|…/))
    .map((text) => text.replaceAll('"', '').trim());
  const sources = readdirSync(PAGES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(path.join(PAGES, name), 'utf8').replaceAll(/\s+/g, ' '));
  expect(quoted.length).toBeGreaterThan(10);
  expect(quoted.filter((text) => !sources.some((source) => source.includes(text)))).toEqual([]);
});
