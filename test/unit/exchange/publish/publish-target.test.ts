import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../../src/exchange/publish/publish-target.ts';

describe('the place of a publish', () => {
  it('is a dataset of an owner, or a prefix of a bucket', () => {
    expect(parseTarget('hf:my-lab/Hard_birds.v2')).toEqual({ kind: 'hub', name: 'my-lab/Hard_birds.v2' });
    expect(parseTarget('s3://my-bucket/sets/birds')).toEqual({ kind: 's3', url: 's3://my-bucket/sets/birds' });
    expect(parseTarget('s3://my-bucket')).toEqual({ kind: 's3', url: 's3://my-bucket' });
  });

  it.each([
    'hf:name',
    'hf:a/b/c',
    'hf:lab/../x',
    'hf:lab/set.git',
    'hf:lab/',
    `hf:lab/${'a'.repeat(97)}`,
    '',
    'ftp://x',
    's3://',
    's3://bucket/a?b',
  ])('cannot be %j', (text) => {
    expect(() => parseTarget(text)).toThrow(`received '${text}'`);
  });
});
