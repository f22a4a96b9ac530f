import { describe, expect, it } from 'vitest';
import { classFile } from '../../../src/shortlist/class-file.ts';
import { sha256Of } from '../../support/sha256.ts';

describe('classFile', () => {
  it('shows what can be read, and the bytes of what file systems may confuse', () => {
    expect(classFile('n02268443')).toBe('class-n02268443.html');
    expect(classFile('Dog')).toBe('class-Dog-446f67.html');
    expect(classFile('../犬')).toBe('class-____-2e2e2fe78aac.html');
  });

  it('gives long ids that begin alike, and ids that look like other names, files of their own', () => {
    const long = '蜻蛉'.repeat(32);
    const ids = [`${long}A`, `${long}B`, long, long.slice(0, 21), long.slice(0, 22), 'Dog', 'dog', 'dog-446f67', 'DOG'];
    const files = ids.map((id) => classFile(id));
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(ids.length);
    // The same from run to run: links to pages stay good.
    expect(files[0]).toBe(`class-${'_'.repeat(64)}-${sha256Of(Buffer.from(`${long}A`))}.html`);
    expect(
      Math.max(...[...files, classFile('犬'.repeat(200)), classFile('a'.repeat(200))].map(({ length }) => length)),
    ).toBeLessThan(220);
  });
});
