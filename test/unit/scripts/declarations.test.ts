import { expect, it } from 'vitest';
import { declarationsOf } from '../../../scripts/declarations.ts';

it('the declarations of the library need each other and no package', () => {
  const files = declarationsOf('index.ts');
  expect(files.get('index.d.ts')).toContain('export declare function openWinnow(');
  for (const [file, text] of files)
    for (const [, from = ''] of text.matchAll(/from '(.*)';/g))
      expect([...files.keys()], file).toContain(
        new URL(from, `file:///${file}`).pathname.slice(1).replace('.js', '.d.ts'),
      );
});
