import { describe, expect, it } from 'vitest';
import { parseModelClasses, unknownClasses } from '../../../../../src/core/collection/cards/model-classes.ts';

const parse = (text: string) => parseModelClasses(text, 'list.txt');

describe('parseModelClasses', () => {
  it('takes wnids, wnids with names, ids of ones own and names, in the order of the outputs', () => {
    const { classes, problems } = parse(
      '# birds\nn01440764\nn01443537 goldfish, Carassius auratus\n\nmy-bird\nRed  kite\r\n',
    );
    expect(problems).toEqual([]);
    expect(classes.count).toBe(4);
    expect(classes.positionOf({ wnid: 'n01443537', name: '?' })).toBe(1);
    expect(classes.positionOf({ wnid: 'my-bird', name: '?' })).toBe(2);
    expect(classes.positionOf({ wnid: 'x7', name: 'red kite' })).toBe(3);
    expect(classes.labelOf(1)).toBe('goldfish, Carassius auratus');
  });

  it('goes by the id where there is one, and never by a name that two outputs share', () => {
    const { classes } = parse('n02012849 crane\nn03126707 crane\n');
    expect(classes.positionOf({ wnid: 'n03126707', name: 'crane' })).toBe(1);
    expect(classes.positionOf({ wnid: 'my-crane', name: 'crane' })).toBeNull();
    expect(
      unknownClasses(classes, [
        { wnid: 'my-crane', name: 'crane' },
        { wnid: 'n02012849', name: 'x' },
      ]),
    ).toEqual(['my-crane']);
  });

  it('names the lines of a class that is there twice, and a list without any', () => {
    expect(parse('a\nb\na\n').problems).toEqual([
      "Expected each class once in list.txt but received 'a' in line 1 and in line 3",
    ]);
    expect(parse('# nothing\n').problems).toEqual(['Expected one class a line in list.txt but received none']);
  });

  it('has another hash in another order', () => {
    expect(parse('a\nb\n').classes.sha256).not.toBe(parse('b\na\n').classes.sha256);
  });
});
