import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectionTemplate, withFolder } from '../../../../src/core/collection/collection-template.ts';
import { draftCollection } from '../../../../src/core/collection/collection.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import { parseYaml } from '../../../../src/core/config/yaml.ts';

const example = await readFile(path.join(packageRoot, 'config/collections/custom.yaml'), 'utf8');

describe('collectionTemplate', () => {
  it('is a valid collection without warnings that spells out the defaults, with models that choose among 1,000 classes', () => {
    const { draft, problems, warnings } = draftCollection(
      parseYaml(collectionTemplate(example, 'my-set'), 'my-set.yaml'),
    );
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
    const plain = draftCollection(parseYaml('name: my-set\nclasses: imagenet-a', 'my-set.yaml')).draft;
    expect({ ...draft, classes: null }).toEqual({ ...plain, classes: null, among: 'imagenet-1k' });
  });

  it('takes the place of the example by its name and its classes, and of nothing else', () => {
    const text = collectionTemplate(example, 'my-set', [{ wnid: 'n01440764', name: 'tench' }]);
    const added = text.split('\n').filter((line) => !example.split('\n').includes(line));
    expect(added).toEqual([
      '# `winnow collection check my-set` reports mistakes. Only name and classes are required.',
      'name: my-set',
      '  - n01440764 # tench',
    ]);
    expect(text.split('\n').length).toBe(example.split('\n').length - 2);
  });

  it.each(['', 'My Set', '../x', 'x\nmode: O'])('refuses the name %j', (name) => {
    expect(() => collectionTemplate(example, name)).toThrow(/Expected a name of at most 64 lower-case letters/);
  });

  it('names the folder of the photos and their rights, whatever characters they have', async () => {
    const folder = { from: "~/my 'photos': #1", licence: 'CC-BY-4.0', creator: 'Ana "x" $&' };
    const { draft, problems } = draftCollection(parseYaml(withFolder(example, folder), 'custom.yaml'));
    expect([draft?.folder, problems]).toEqual([folder, []]);
  });
});
