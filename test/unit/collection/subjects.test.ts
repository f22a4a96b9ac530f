import { describe, expect, it } from 'vitest';
import { loadClassTable } from '../../../src/collection/class-table.process.ts';
import { conceptOf, conceptSubjects } from '../../../src/collection/subjects.ts';

const table = await loadClassTable();
const detailOf = (label: string): string => {
  const result = conceptOf(label, table);
  return result.ok ? '' : result.detail;
};

describe('conceptOf', () => {
  it('takes WordNet ids as they are and any other name by its letters and digits', () => {
    const ids = ['n03424489', 'Garden Gnome', 'garden-gnome', "gnome's  hat (red)", '東京タワー', 'Über-Zwerg'];
    expect(ids.map((label) => conceptOf(label, table))).toEqual(
      ['n03424489', 'garden_gnome', 'garden_gnome', 'gnome_s_hat_red', '東京タワー', 'über_zwerg'].map((wnid) => ({
        ok: true,
        wnid,
      })),
    );
  });

  it('refuses the 1,000 classes by wnid, name and synonym, and names the class', () => {
    expect(detailOf('n02268443')).toBe("'n02268443' is the ImageNet-1k class dragonfly (n02268443)");
    expect(detailOf('Dragonfly')).toContain('dragonfly (n02268443)');
    expect(detailOf('snake_doctor')).toContain('is a name of the ImageNet-1k class dragonfly (n02268443); if another');
    expect(detailOf('crane')).toMatch(/the ImageNet-1k classes crane \S+ \(n02012849\) and crane/);
    const notRefused = table.rows.filter((row) =>
      [row.wnid, row.name, ...row.synonyms].some((label) => conceptOf(label, table).ok),
    );
    expect(notRefused).toEqual([]);
  });

  it.each([
    ['N01440764', "'N01440764' is the ImageNet-1k class tench (n01440764)"],
    [' n01440764 ', "' n01440764 ' is the ImageNet-1k class tench (n01440764)"],
    ['n02085620-Chihuahua', "'n02085620-Chihuahua' is the ImageNet-1k class Chihuahua (n02085620)"],
    ['n01440764_fish', "'n01440764_fish' is the ImageNet-1k class tench (n01440764)"],
    ['gold fish', "'gold fish' is a name of the ImageNet-1k class goldfish (n01443537)"],
    ['goldfish!', "'goldfish!' is a name of the ImageNet-1k class goldfish (n01443537)"],
    ['snake__doctor.', "'snake__doctor.' is a name of the ImageNet-1k class dragonfly (n02268443)"],
    ['Zebras', "'Zebras' is a name of the ImageNet-1k class zebra (n02391049)"],
    ['fire trucks', "'fire trucks' is a name of the ImageNet-1k class fire engine (n03345487)"],
    ['RVs', "'RVs' is a name of the ImageNet-1k class"],
    ['ostriches', "'ostriches' is a name of the ImageNet-1k class ostrich (n01518878)"],
    ['dragonflies', "'dragonflies' is a name of the ImageNet-1k class dragonfly (n02268443)"],
    ['jack o lantern', "'jack o lantern' is a name of the ImageNet-1k class jack-o'-lantern (n03590841)"],
  ])('refuses a class however it is written: %s', (label, expected) => {
    expect(detailOf(label)).toContain(expected);
  });

  it('refuses no other word for its ending or its beginning', () => {
    const others = ['gas', 'glass', 'n014407640', 'n03424489-gnomes', 'zebra finches', 'waves', 'berries'];
    expect(others.filter((label) => !conceptOf(label, table).ok)).toEqual([]);
  });

  it('refuses what names nothing', () => {
    expect(detailOf('')).toContain("'' names no concept");
    expect(detailOf('--- !')).toContain('names no concept');
    expect(detailOf('x'.repeat(65))).toContain('1 to 64 letters and digits');
  });
});

describe('conceptSubjects', () => {
  it('has any concept, or the listed ones with their names', () => {
    const any = conceptSubjects('any', table).subjects;
    expect([any.ids, any.has('garden_gnome'), any.nameOf('garden_gnome'), any.nameOf('n03424489')]).toEqual([
      null,
      true,
      'garden gnome',
      'n03424489',
    ]);
    const entries = [
      { label: 'n03424489', name: 'garden gnome', where: 'o.yaml:4' },
      { label: 'Sundew', where: 'o.yaml:5' },
    ];
    const { subjects, problems } = conceptSubjects(entries, table);
    expect(problems).toEqual([]);
    expect(subjects.ids).toEqual(['n03424489', 'sundew']);
    expect([subjects.has('sundew'), subjects.has('gnome'), subjects.nameOf('n03424489')]).toEqual([
      true,
      false,
      'garden gnome',
    ]);
  });

  it('says which concepts are classes or listed twice, and where', () => {
    const entries = ['tench', 'gnome', 'Gnome'].map((label, i) => ({ label, where: `o.yaml:${i + 4}` }));
    expect(conceptSubjects(entries, table).problems).toEqual([
      "Expected a concept outside ImageNet-1k in o.yaml:4 but 'tench' is a name of the ImageNet-1k class tench (n01440764); if another thing of that name is meant, use its WordNet id",
      "Expected different concepts but received 'Gnome' in o.yaml:6, which is listed already",
    ]);
  });
});
