import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { builtProgram, stampFile, stampOf } from '../../../src/cli/built.mjs';

let root = '';
const file = (...names: string[]): string => path.join(root, ...names);

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'built-'));
  for (const folder of ['src/deep', 'dist']) mkdirSync(file(folder), { recursive: true });
  for (const name of ['package.json', 'package-lock.json', 'src/main.ts', 'src/a.ts', 'src/deep/b.ts'])
    writeFileSync(file(name), '1');
});

afterEach(() => rmSync(root, { recursive: true }));

it('the built program is used while the sources are those it was made of', () => {
  expect(builtProgram(root)).toBeNull();
  writeFileSync(stampFile(file('dist')), stampOf(root));
  expect(builtProgram(root)).toBe(file('dist', 'main.mjs'));
});

it.each([
  ['a source is written', () => writeFileSync(file('src', 'deep', 'b.ts'), '22')],
  ['a source is written that stays as long', () => utimesSync(file('src', 'deep', 'b.ts'), 1, 1)],
  ['a source is added', () => writeFileSync(file('src', 'c.ts'), '')],
  ['a source goes', () => rmSync(file('src', 'a.ts'))],
  ['the packages change', () => writeFileSync(file('package-lock.json'), '22')],
])('the built program is not used any more when %s', (_what, change) => {
  writeFileSync(stampFile(file('dist')), stampOf(root));
  change();
  expect(builtProgram(root)).toBeNull();
});

it('the built program is used in a package without sources', () => {
  writeFileSync(stampFile(file('dist')), stampOf(root));
  rmSync(file('src'), { recursive: true });
  expect(builtProgram(root)).toBe(file('dist', 'main.mjs'));
});
