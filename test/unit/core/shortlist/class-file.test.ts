import { expect, it } from 'vitest';
import { classFile } from '../../../../src/core/shortlist/class-file.ts';

it('the file of a class page has the id if it is safe, and else its hash', () => {
  expect(classFile('n02268443')).toBe('class-n02268443.html');
  expect(classFile('Dog')).toBe('class-Dog.html');
  for (const id of ['../犬', 'a/b', '', 'a'.repeat(300)]) expect(classFile(id)).toMatch(/^class-[0-9a-f]{16}\.html$/);
  expect(classFile(`${'a'.repeat(300)}A`)).not.toBe(classFile(`${'a'.repeat(300)}B`));
});
