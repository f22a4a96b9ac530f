import { describe, expect, it } from 'vitest';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import { belowClassText, conceptSubjects } from '../../../../src/core/collection/subjects.ts';

const table = await loadClassTable();
const conceptOf = (label: string, allowHypernyms = false) =>
  conceptSubjects('any', table, { allowHypernyms }).subjects.resolveLabel(label);
const detailOf = (label: string): string => {
  const result = conceptOf(label);
  return result.ok ? '' : result.detail;
};

describe('a concept below one of the 1,000 classes', () => {
  const textOf = (label: string, ...allowed: string[]) => belowClassText(label, table, new Set(allowed));

  it.each(['baby grand', 'Parlour_Grand', 'baby grands', 'baby_grand', 'n02766792'])('is found as %s', (label) => {
    expect(textOf(label)).toContain('baby grand (n02766792) is a kind of grand piano (n03452741)');
    expect(textOf(label, 'n02766792')).toBeNull();
  });

  it.each([
    ['red-eyed tree frog', 'red_eyed_tree_frog', 'tree frog (n01644373)'],
    ['Red_Eyed Tree-Frogs', 'red_eyed_tree_frogs', 'tree frog (n01644373)'],
    ['stretch limousine', 'stretch_limousine', 'limousine (n03670208)'],
    ['stretch limo', 'stretch_limo', 'limousine (n03670208)'],
    ['clay mice', 'clay_mice', 'mouse (n03793489)'],
    ['tower crane', 'tower_crane', 'crane bird (n02012849) and crane (n03126707)'],
  ])('is found by the last words of its name: %s', (label, id, classes) => {
    expect(textOf(label)).toBe(
      `'${label}' ends with a name of the ImageNet-1k class${classes.includes(' and ') ? 'es' : ''} ${classes}: its photos may show it. If they do not, --allow ${id} takes them, or use the WordNet id of the concept`,
    );
    expect(textOf(label, id)).toBeNull();
    expect(textOf(id)).not.toBeNull();
  });

  it('is found among several names, and each of these must be allowed', () => {
    const label = 'red-eyed tree frog, Agalychnis callidryas';
    expect(textOf(label)).toMatch(/^'red-eyed tree frog' ends with .*--allow red_eyed_tree_frog takes/);
    expect(textOf(label, 'red_eyed_tree_frog')).toBeNull();
  });

  it('is none by a name that begins like a class, has its letters at the end of a word, or is a WordNet id', () => {
    const others = [
      'tree frog pond',
      'limousine driver',
      'bullfinches',
      'n03424489-gnomes',
      'n09999999',
      'zebra finches',
    ];
    expect(others.filter((label) => textOf(label) !== null)).toEqual([]);
  });

  it('is no class, no concept above a class and no other concept', () => {
    expect(
      ['grand piano', 'n03452741', 'piano', 'dog', 'garden gnome', 'n03424489'].map((label) => textOf(label)),
    ).toEqual([null, null, null, null, null, null]);
  });

  it('needs every sense of its name to be allowed', () => {
    for (const label of table.wordNet().byWnid.values()) {
      const found = table.wordNet().hyponymsNamed(label.names?.[0] ?? '');
      if (found.length < 2) continue;
      expect(textOf(label.names?.[0] ?? '', found[0]?.wnid ?? '')).not.toBeNull();
      expect(textOf(label.names?.[0] ?? '', ...found.map(({ wnid }) => wnid))).toBeNull();
      return;
    }
    throw new Error('no name has two senses below a class');
  });
});

describe('the label of a concept', () => {
  it('keeps WordNet ids and reduces any other name to its letters and digits', () => {
    const ids = ['n03424489', 'Garden Gnome', 'garden-gnome', "gnome's  hat (red)", '東京タワー', 'Über-Zwerg'];
    expect(ids.map((label) => conceptOf(label))).toEqual(
      ['n03424489', 'garden_gnome', 'garden_gnome', 'gnome_s_hat_red', '東京タワー', 'über_zwerg'].map((wnid) => ({
        ok: true,
        wnid,
      })),
    );
  });

  it('refuses the 1,000 classes by wnid, name and synonym, and names the class', () => {
    expect(detailOf('n02268443')).toBe("'n02268443' is the ImageNet-1k class dragonfly (n02268443)");
    expect(detailOf('Dragonfly')).toContain('dragonfly (n02268443)');
    expect(detailOf('snake_doctor')).toContain(
      'is a name of the ImageNet-1k class dragonfly (n02268443); if you mean another',
    );
    expect(detailOf('crane')).toMatch(/the ImageNet-1k classes crane \S+ \(n02012849\) and crane/);
    const notRefused = table.rows.filter((row) =>
      [row.wnid, row.name, ...row.synonyms].some((label) => conceptOf(label).ok),
    );
    expect(notRefused).toEqual([]);
  });

  it.each([
    ['N01440764', "'N01440764' is the ImageNet-1k class tench (n01440764)"],
    [' n01440764 ', "' n01440764 ' is the ImageNet-1k class tench (n01440764)"],
    ['n01440764_fish', "'n01440764_fish' is the ImageNet-1k class tench (n01440764)"],
    ['gold fish', "'gold fish' is a name of the ImageNet-1k class goldfish (n01443537)"],
    ['goldfish!', "'goldfish!' is a name of the ImageNet-1k class goldfish (n01443537)"],
    ['Zebras', "'Zebras' is a name of the ImageNet-1k class zebra (n02391049)"],
    ['dragonflies', "'dragonflies' is a name of the ImageNet-1k class dragonfly (n02268443)"],
    ['geese', "'geese' is a name of the ImageNet-1k class goose (n01855672)"],
    ['mice', "'mice' is a name of the ImageNet-1k class mouse (n03793489)"],
    ['French loaves', "'French loaves' is a name of the ImageNet-1k class French loaf (n07684084)"],
    ['Great Danes, dogs', 'is a name of the ImageNet-1k class Great Dane (n02109047)'],
    ['jack o lantern', "'jack o lantern' is a name of the ImageNet-1k class jack-o'-lantern (n03590841)"],
  ])('refuses a class however it is written: %s', (label, expected) => {
    expect(detailOf(label)).toContain(expected);
  });

  it('does not refuse a word that merely begins or ends like a class', () => {
    const others = ['gas', 'glass', 'n014407640', 'n03424489-gnomes', 'zebra finches', 'waves', 'berries'];
    // A glass and a berry stand above classes.
    expect(others.filter((label) => !conceptOf(label, true).ok)).toEqual([]);
  });

  it("refuses every class as ImageNet's own files write it, its names by comma", () => {
    const written = table.rows.map(({ synonyms }) => synonyms.join(', '));
    expect(written.filter((label) => label.includes(','))).toHaveLength(492);
    expect(written.filter((label) => conceptOf(label, true).ok)).toEqual([]);
    const withWnid = table.rows.map(({ wnid, synonyms }) => `${wnid} ${synonyms.join(', ')}`);
    expect(withWnid.filter((label) => conceptOf(label, true).ok)).toEqual([]);
  });

  it('refuses a hypernym of some classes, and names the first few of them', () => {
    const below =
      'stands above 118 of the ImageNet-1k classes: Chihuahua (n02085620), Japanese spaniel (n02085782), Maltese dog (n02085936), ' +
      'Pekinese (n02086079), Shih-Tzu (n02086240) and 113 more; ';
    const accept = 'allowHypernyms: true in the collection file accepts it';
    const another = 'if you mean another thing of that name, use its WordNet id; ';
    expect(detailOf('dog')).toBe(`'dog' ${below}${another}${accept}`);
    expect(detailOf('n02084071')).toBe(`'n02084071' ${below}${accept}`);
    expect(detailOf('seal')).toContain(
      "'seal' stands above 1 of the ImageNet-1k classes: sea lion (n02077923); if you mean another",
    );
  });

  it.each(['Dogs', 'truck', 'wolves', 'foxes', 'berries', 'glass', 'N02084071-dog', 'dog, domestic dog', 'entity'])(
    'refuses %s, in whatever spelling it stands above classes, unless that is allowed',
    (label) => {
      expect(detailOf(label)).toContain('of the ImageNet-1k classes: ');
      expect(conceptOf(label, true).ok).toBe(true);
    },
  );

  it('accepts the WordNet id of another thing of that name', () => {
    expect(conceptOf('n06448719')).toEqual({ ok: true, wnid: 'n06448719' });
  });
});

describe('conceptSubjects', () => {
  it('contains any concept, or the listed ones with their names', () => {
    const any = conceptSubjects('any', table).subjects;
    expect([any.ids, any.has('garden_gnome')]).toEqual([null, true]);
    expect(['garden_gnome', 'n03424489'].map((id) => any.nameOf(id))).toEqual(['garden gnome', 'n03424489']);
    const entries = [
      { label: 'n03424489', name: 'garden gnome', where: 'o.yaml:4' },
      { label: 'Sundew', where: 'o.yaml:5' },
    ];
    const { subjects, problems } = conceptSubjects(entries, table);
    expect(problems).toEqual([]);
    expect(subjects.ids).toEqual(['n03424489', 'sundew']);
    expect([subjects.has('sundew'), subjects.has('gnome')]).toEqual([true, false]);
    expect(subjects.nameOf('n03424489')).toBe('garden gnome');
  });

  it('reports concepts that are classes or listed twice, with their lines', () => {
    const entries = ['tench', 'gnome', 'Gnome'].map((label, i) => ({ label, where: `o.yaml:${i + 4}` }));
    expect(conceptSubjects(entries, table).problems).toEqual([
      "Expected a concept outside ImageNet-1k in o.yaml:4 but 'tench' is a name of the ImageNet-1k class tench (n01440764); if you mean another thing of that name, use its WordNet id",
      "The concept 'Gnome' in o.yaml:6 is listed already. Remove one of the two.",
    ]);
  });
});
