import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot, winnow } from '../support/winnow.ts';

const PIXELS =
  /^differs from torchvision's ImageFolder: EXIF orientation is applied .*, alpha is put on white, 16-bit grey counts by its high byte$/m;

describe('winnow collection check', () => {
  it('says how the filter of a collection of mode A differs from the paper and from torchvision', async () => {
    const { code, stdout } = await winnow(['collection', 'check', 'imagenet-a']);
    expect(code).toBe(0);
    expect(stdout).toMatch(PIXELS);
    expect(stdout).toMatch(
      /^differs from the paper \(section 3\.1\): it filtered with two ResNet-50s, one masked .* and one fine-tuned .*; here efficientnet-lite0 and efficientnet-lite1, masked to 200 classes$/m,
    );
  });

  it('says so of mode O, where the confidence is the floor of the released set, and in its JSON', async () => {
    const { code, stdout } = await winnow(['collection', 'check', 'imagenet-o', '--json']);
    expect(code).toBe(0);
    const { differences } = JSON.parse(stdout);
    expect(differences).toEqual([
      expect.stringMatching(/section 3\.1.* names no confidence; 0\.9 is the floor of the released set \(0\.9055\)/),
      expect.stringMatching(/ImageFolder/),
    ]);
  });
});

describe('the collection files of the paper', () => {
  it.each([
    ['imagenet-a', /section 3\.1.*two ResNet-50s.*one\s+fine-tuned.*both masked.*EXIF.*alpha.*16-bit grey.*XMP/],
    ['imagenet-o', /section 3\.1.*floor of the released set: 0\.9055.*EXIF.*alpha.*16-bit grey.*XMP/],
  ])('say what differs from it: %s', async (name, said) => {
    const text = await readFile(path.join(repositoryRoot, `config/collections/${name}.yaml`), 'utf8');
    expect(text.replaceAll(/\n# ?/g, ' ')).toMatch(said);
  });
});
