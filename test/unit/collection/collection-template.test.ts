import { describe, expect, it } from 'vitest';
import { collectionTemplate } from '../../../src/collection/collection-template.ts';
import { draftCollection } from '../../../src/collection/collection.ts';
import { parseYaml } from '../../../src/config/yaml.ts';

describe('collectionTemplate', () => {
  it('is a valid collection without warnings that spells out the defaults, with models that choose among 1,000 classes', () => {
    const { draft, problems, warnings } = draftCollection(parseYaml(collectionTemplate('my-set'), 'my-set.yaml'));
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
    const plain = draftCollection(parseYaml('name: my-set\nclasses: imagenet-a', 'my-set.yaml')).draft;
    expect({ ...draft, classes: null }).toEqual({ ...plain, classes: null, among: 'imagenet-1k' });
  });

  it.each(['', 'My Set', '../x', 'x\nmode: O'])('refuses the name %j', (name) => {
    expect(() => collectionTemplate(name)).toThrow(/Expected a name of at most 64 lower-case letters/);
  });
});
