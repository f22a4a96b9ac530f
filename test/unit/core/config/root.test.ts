import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configFolders, displayPath } from '../../../../src/core/config/root.ts';

describe('configFolders', () => {
  it('puts the working directory before the package', () => {
    expect(configFolders('models', '/pkg', '/home/u')).toEqual([
      join('/home/u', 'config/models'),
      join('/pkg', 'config/models'),
    ]);
  });

  it('lists a folder once if both are the same', () => {
    expect(configFolders('collections', '/pkg/', '/pkg')).toEqual([join('/pkg', 'config/collections')]);
  });
});

it('displayPath shortens paths below the working directory and no others', () => {
  expect(displayPath('/home/u/config/local.yaml', '/home/u')).toBe(join('config', 'local.yaml'));
  expect(displayPath('/home/user2/x', '/home/u')).toBe('/home/user2/x');
  expect(displayPath('/home/u/..hidden', '/home/u')).toBe('..hidden');
  expect(displayPath('/home/u', '/home/u')).toBe('/home/u');
});
