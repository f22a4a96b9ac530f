import { expect, it } from 'vitest';
import { modulesIn, withModules } from '../../../../src/core/collection/source-module.ts';

const text = (source: string): string => `name: birds\nsources:\n  - commons\n  - ${source}\ncap: 15\n`;
const sha256 = 'a'.repeat(64);
const known = [{ path: '/home/ada/museum.mjs', name: 'museum', sha256 }];

it('what a crawl has read of a file is found by its path, or by its file name on a machine with other folders', () => {
  const here = withModules(text('/home/ada/museum.mjs'), known);
  expect(modulesIn(here)).toEqual(known);
  expect(modulesIn(withModules(text('/srv/museum.mjs'), modulesIn(here)))).toEqual([
    { ...known[0], path: '/srv/museum.mjs' },
  ]);
});

it('a file is not taken for another one of the text with the same file name', () => {
  const two = text('/home/ada/museum.mjs\n  - /home/bob/museum.mjs');
  expect(modulesIn(withModules(two, known))).toEqual([
    known[0],
    { path: '/home/bob/museum.mjs', name: null, sha256: null },
  ]);
});

it('a text keeps its keys and their order', () => {
  expect(withModules(text('/srv/other.mjs'), known)).toBe(text('/srv/other.mjs'));
});
