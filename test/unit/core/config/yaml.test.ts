import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../../src/core/config/yaml.ts';
import { UsageError } from '../../../../src/core/kernel/errors.ts';

describe('parseYaml', () => {
  it('knows the line of each value', () => {
    const file = parseYaml('a: 1\nb:\n  c: 2\n  d:\n    - x\n    - y\n', 'f.yaml');
    expect(file.value).toEqual({ a: 1, b: { c: 2, d: ['x', 'y'] } });
    expect(file.where(['a'])).toBe('f.yaml:1');
    expect(file.where(['b', 'c'])).toBe('f.yaml:3');
    expect(file.where(['b', 'd', 1])).toBe('f.yaml:6');
  });

  it('returns the line of the nearest parent for a value that is not in the file', () => {
    const file = parseYaml('a: 1\nb:\n  c: 2\n', 'f.yaml');
    expect(file.where(['b', 'missing'])).toBe('f.yaml:2');
    expect(file.where(['missing'])).toBe('f.yaml:1');
  });

  it.each(['', '# only a comment\n', '---\n'])('reads an empty file (%j) as a mapping without keys', (text) => {
    expect(parseYaml(text, 'f.yaml').value).toEqual({});
  });

  it('reads a file that starts with a byte order mark', () => {
    expect(parseYaml('\uFEFFa: 1', 'f.yaml').value).toEqual({ a: 1 });
  });

  const bomb = Array.from({ length: 9 }, (_, i) => {
    const items = i === 0 ? Array(9).fill('x') : Array(9).fill(`*k${i - 1}`);
    return `k${i}: &k${i} [${items.join(', ')}]`;
  }).join('\n');

  it.each([
    ['a key given twice', 'a: 1\nb: 2\na: 3', /f\.yaml:3: .*unique/],
    ['a tab', 'a:\n\t- b', /f\.yaml:2: .*[Tt]abs/],
    ['an unknown tag', 'a: !!js/function x', /f\.yaml:1: .*tag/i],
    ['several documents', 'a: 1\n---\nb: 2', /f\.yaml:2: .*documents/],
    ['an alias without an anchor', 'a: *b', /f\.yaml.*alias/],
    ['aliases that multiply', bomb, /f\.yaml.*alias/i],
    ['a list that never ends', 'a: [1,', /f\.yaml:1/],
    ['a list at the top', '- a', /f\.yaml:1: .*not a list/],
    ['a string at the top', 'just words', /f\.yaml:1: .*'just words'/],
    ['a key that is not a string', '? [a]\n: 1', /f\.yaml:1/],
  ])('refuses %s and says where', (_, text, message) => {
    expect(() => parseYaml(text, 'f.yaml')).toThrow(message);
    expect(() => parseYaml(text, 'f.yaml')).toThrow(UsageError);
  });

  it.each(['[', '{a: ', '- '])('refuses thirty thousand levels of %j instead of crashing', (open) => {
    expect(() => parseYaml(open.repeat(30_000), 'f.yaml')).toThrow(UsageError);
  });

  it('never reaches the prototype of its values', () => {
    const { value } = parseYaml('__proto__: {polluted: yes}\nconstructor: 1', 'f.yaml');
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});
