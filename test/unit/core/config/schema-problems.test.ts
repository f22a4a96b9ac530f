import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { expectedOf, schemaProblems, wholeNumber } from '../../../../src/core/config/schema-problems.ts';
import { parseYaml } from '../../../../src/core/config/yaml.ts';

it.each([
  [wholeNumber(1, 8), 'a whole number from 1 to 8'],
  [wholeNumber(1), 'a whole number of at least 1'],
  [wholeNumber(1).nullable(), 'a whole number of at least 1 or null'],
  [z.enum(['a', 'b']).default('a'), 'one of a, b'],
  [z.boolean().optional(), 'true or false'],
  [z.array(wholeNumber(0)), 'a list, each a whole number of at least 0'],
  [z.literal('any'), "'any'"],
  [z.strictObject({ a: z.string(), b: z.string() }), 'a mapping with the keys a, b'],
  [z.string(), 'text'],
])('expectedOf puts schema %# in words', (schema, words) => {
  expect(expectedOf(schema)).toBe(words);
});

describe('schemaProblems', () => {
  const entry = z
    .union([z.string(), z.strictObject({ id: z.string(), size: wholeNumber(1).optional() })])
    .describe('an entry');
  const schema = z.strictObject({
    name: z.string().describe('a name'),
    list: z.union([z.literal('all'), z.array(entry)]).describe('all or a list of entries'),
    policy: z
      .strictObject({ cap: wholeNumber(1).default(15) })
      .nullable()
      .default(null),
  });
  const problemsOf = (text: string): string[] => schemaProblems(schema, parseYaml(text, 'f.yaml'));

  it('reports all problems at once, each with its line', () => {
    expect(problemsOf('name: 3\nlist: all\npolicy:\n  cap: 0\n')).toEqual([
      "Expected a name for 'name' in f.yaml:1 but received 3",
      "Expected a whole number of at least 1 for 'policy.cap' in f.yaml:4 but received 0",
    ]);
  });

  it('says that a key is missing', () => {
    expect(problemsOf('list: all')).toEqual(["Expected a name for 'name' in f.yaml:1 but it is missing"]);
  });

  it('suggests the nearest key for an unknown one, at the top level and below', () => {
    expect(problemsOf('name: n\nlist: all\nplicy: {}\npolicy:\n  cpa: 1\n')).toEqual([
      "Expected one of the keys cap of 'policy' in f.yaml:5 but received 'cpa'. Did you mean 'cap'?",
      "Expected one of the keys name, list, policy in f.yaml:3 but received 'plicy'. Did you mean 'policy'?",
    ]);
  });

  it('reports problems inside the branch of a union that the value fits best', () => {
    expect(problemsOf('name: n\nlist:\n  - a\n  - {id: b, size: 0}\n  - {id: c, siz: 1}\n  - 5\n')).toEqual([
      "Expected a whole number of at least 1 for 'list.1.size' in f.yaml:4 but received 0",
      "Expected one of the keys id, size of 'list.2' in f.yaml:5 but received 'siz'. Did you mean 'size'?",
      "Expected an entry for 'list.3' in f.yaml:6 but received 5",
    ]);
  });

  it('describes the whole union if the value fits no branch', () => {
    expect(problemsOf('name: n\nlist: 7')).toEqual([
      "Expected all or a list of entries for 'list' in f.yaml:2 but received 7",
    ]);
  });
});
