import { expect, test } from 'vitest';
import { asTyped } from '../../../../src/core/kernel/command-text.ts';

const npm = { program: 'npm run -s winnow --', flags: [] };

test.each([
  ['next: winnow filter --collection birds', 'next: npm run -s winnow -- filter --collection birds'],
  ['`winnow models list` names all', '`npm run -s winnow -- models list` names all'],
  ['  winnow COMMAND --help explains it', '  npm run -s winnow -- COMMAND --help explains it'],
  ['Usage: winnow [options] [command]', 'Usage: npm run -s winnow -- [options] [command]'],
])('a printed command starts winnow as the user did: %s', (text, expected) => {
  expect(asTyped(text, npm)).toBe(expected);
});

test.each([
  'winnow: interrupted',
  'this winnow needs schema 16',
  '/home/ana/winnow run/photos',
  'winnow reviewing',
  "found 'winnow crawl 4711'",
  'At work now: winnow run 4711 lab3.',
])('a text that names no command stays as it is: %s', (text) => {
  expect(asTyped(text, npm)).toBe(text);
});

test('a printed command gets the data folder and settings file that the user gave, quoted for a shell', () => {
  const flags = [
    ['--data', '/srv/my birds'],
    ['--config', 'lab.yaml'],
  ] as const;
  const typed = (text: string): string => asTyped(text, { program: 'winnow', flags });
  expect(typed('try `winnow show ID`')).toBe("try `winnow show --data '/srv/my birds' --config lab.yaml ID`");
  expect(typed('winnow export list')).toBe("winnow export list --data '/srv/my birds' --config lab.yaml");
  expect(typed('winnow status --data other')).toBe('winnow status --config lab.yaml --data other');
  expect(typed('`winnow prune`, or --data X')).toBe(
    "`winnow prune --data '/srv/my birds' --config lab.yaml`, or --data X",
  );
  expect(typed('winnow classes find jay')).toBe('winnow classes find jay');
});
