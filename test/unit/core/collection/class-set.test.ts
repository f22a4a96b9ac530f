import { describe, expect, it } from 'vitest';
import { createClassSet, parseClassList } from '../../../../src/core/collection/class-set.ts';
import { classTableOf } from './class-table-of.ts';

const table = classTableOf([
  ['n01440764', 'tench', 'tench'],
  ['n01443537', 'goldfish', 'goldfish', 'Carassius auratus'],
]);
const entry = (wnid: string, name?: string) => ({ wnid, name, where: 'c.yaml:3' });

describe('createClassSet', () => {
  it('sorts the classes, whatever the order in the file', () => {
    const { classes, problems } = createClassSet([entry('n01443537'), entry('n01440764')], table);
    expect(problems).toEqual([]);
    expect(classes.wnids).toEqual(['n01440764', 'n01443537']);
    expect(classes.nameByWnid.get('n01440764')).toBe('tench');
    expect(classes.sha256).toBe(createClassSet([entry('n01440764'), entry('n01443537')], table).classes.sha256);
  });

  it('contains a class once and warns if the file lists it twice', () => {
    const { classes, problems, warnings } = createClassSet([entry('n01440764'), entry('n01440764')], table);
    expect(classes.wnids).toEqual(['n01440764']);
    expect(problems).toEqual([]);
    expect(warnings).toEqual(["'n01440764' is listed in c.yaml:3 and again in c.yaml:3"]);
  });

  it('resolves a name of several classes to the only one of them in the set', () => {
    const ofCranes = classTableOf([
      ['n02012849', 'crane bird', 'crane'],
      ['n03126707', 'crane machine', 'crane'],
    ]);
    const resolved = (...wnids: string[]) =>
      createClassSet(
        wnids.map((wnid) => entry(wnid)),
        ofCranes,
      ).classes.resolveLabel('Crane');
    expect(resolved('n03126707')).toEqual({ ok: true, wnid: 'n03126707' });
    expect(resolved('n02012849')).toEqual({ ok: true, wnid: 'n02012849' });
    expect(resolved('n02012849', 'n03126707')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('2 classes'),
    });
  });

  it('accepts classes of the user that have a name, and finds them by that name', () => {
    const { classes, problems } = createClassSet([entry('x1', 'My class'), entry('n01440764')], table);
    expect(problems).toEqual([]);
    expect(classes.wnids).toEqual(['n01440764', 'x1']);
    expect(classes.resolveLabel('my_class')).toEqual({ ok: true, wnid: 'x1' });
    expect(classes.resolveLabel('x1')).toEqual({ ok: true, wnid: 'x1' });
    expect(classes.resolveLabel('goldfish')).toEqual({ ok: true, wnid: 'n01443537' });
  });

  it("prefers the user's name of a class to the table's", () => {
    const { classes } = createClassSet([entry('n01440764', 'Goldfish'), entry('n01443537')], table);
    expect(classes.nameByWnid.get('n01440764')).toBe('Goldfish');
    expect(classes.resolveLabel('goldfish')).toEqual({ ok: true, wnid: 'n01440764' });
  });

  it('accepts a class by its name together with a new name for it', () => {
    const { classes, problems } = createClassSet(
      [entry('Tench'), entry('goldfish, Carassius auratus', 'my fish')],
      table,
    );
    expect(problems).toEqual([]);
    expect([...classes.nameByWnid]).toEqual([
      ['n01440764', 'tench'],
      ['n01443537', 'my fish'],
    ]);
  });

  it('treats an id with a name as a class of the user, even if the table has a class of that name', () => {
    const { classes } = createClassSet([entry('tench', 'my tench'), entry('n01440764')], table);
    expect([...classes.nameByWnid]).toEqual([
      ['tench', 'my tench'],
      ['n01440764', 'tench'],
    ]);
  });

  it('refuses an unknown class and suggests the nearest name', () => {
    expect(createClassSet([entry('n99999999')], table).problems).toEqual([
      "Expected an ImageNet-1k class in c.yaml:3 but 'n99999999' is not one of the 1,000 ImageNet-1k classes; " +
        'if it is your own class, give it a name: {wnid: n99999999, name: "..."}',
    ]);
    expect(createClassSet([entry('tensh')], table).problems[0]).toContain(
      "the nearest name is 'tench' (n01440764); if it is your own class",
    );
  });

  it.each(['n01440764,n01443537', '../x', 'n01440764\nn01443537', 'a/b', 'a.b', 'tench, goldfish'])(
    'refuses %j, with or without a name',
    (label) => {
      const { classes, problems } = createClassSet([entry(label), entry(label, 'x')], table);
      expect(classes.wnids).toEqual([]);
      expect(problems).toHaveLength(2);
    },
  );

  it('refuses two names for one class and one name for two classes', () => {
    expect(createClassSet([entry('x1', 'a'), entry('x1', 'b')], table).problems[0]).toMatch(
      /with another name\. Give a class one name/,
    );
    expect(createClassSet([entry('x1', 'a b'), entry('x2', 'A_b')], table).problems[0]).toMatch(
      /'x1' and 'x2' have the same name/,
    );
  });
});

describe('parseClassList', () => {
  it('reads one class a line and skips comments and blank lines', () => {
    const { entries, problems } = parseClassList('# fish\r\nn01440764 # tench\r\n\r\n  n01443537\r\n', 'fish.txt');
    expect(problems).toEqual([]);
    expect(entries).toEqual([
      { wnid: 'n01440764', where: 'fish.txt:2' },
      { wnid: 'n01443537', where: 'fish.txt:4' },
    ]);
  });

  it('refuses a list without classes', () => {
    expect(parseClassList('# nothing\n', 'fish.txt').problems).toEqual([
      'fish.txt lists no classes. Write one class on each line.',
    ]);
  });
});
