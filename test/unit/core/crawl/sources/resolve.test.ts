import { describe, expect, it } from 'vitest';
import { resolveEntry, type Resolution } from '../../../../../src/core/crawl/sources/inaturalist/resolve.ts';
import { foldName, type Taxon, type TaxonLookup } from '../../../../../src/core/crawl/sources/inaturalist/taxon.ts';

function taxon(id: number, name: string, more: Partial<Taxon> = {}): Taxon {
  return { id, name, rank: 'genus', isActive: true, ancestorIds: [48460, id], otherNames: [], ...more };
}

/** Finds taxa whose names begin with the name, as the site does, including other names. */
function lookupOf(...taxa: Taxon[]): TaxonLookup {
  const matches = (name: string, asked: string): boolean => foldName(name).startsWith(foldName(asked));
  return {
    place: 'at the site',
    find(name, rank) {
      const named = taxa.filter((one) => [one.name, ...one.otherNames].some((own) => matches(own, name)));
      return Promise.resolve(named.filter((one) => rank === null || one.rank === rank));
    },
  };
}

function entry(name: string, more: object = {}): Parameters<typeof resolveEntry>[0] {
  return { taxon: name, rank: 'genus', exclude: [], synonyms: [], within: null, annotation: null, ...more };
}

const idOf = ({ resolved }: Resolution): number | undefined => resolved?.taxon.id;

describe('resolveEntry', () => {
  it('accepts exactly the name, in any case, and no name that only begins with it', async () => {
    const lookup = lookupOf(taxon(1, 'Juncodes'), taxon(2, 'Junco'), taxon(3, 'Junco hyemalis', { rank: 'species' }));
    expect(await resolveEntry(entry('JUNCO'), lookup)).toMatchObject({ resolved: { taxon: { id: 2 } }, problems: [] });
  });

  it('treats both ways to write a hybrid as the same', async () => {
    const lookup = lookupOf(taxon(1, 'Citrus × limon', { rank: 'hybrid' }));
    expect(idOf(await resolveEntry(entry('Citrus x limon', { rank: 'hybrid' }), lookup))).toBe(1);
    expect(foldName('Xylotrupes xanthus')).toBe('xylotrupes xanthus');
  });

  it('lets an ancestor choose between homonyms of one rank, and refuses a single match elsewhere', async () => {
    const insecta = taxon(47158, 'Insecta', { rank: 'class' });
    const plant = taxon(1, 'Oryctes', { ancestorIds: [48460, 47126, 1] });
    const beetle = taxon(2, 'Oryctes', { ancestorIds: [48460, 47158, 2] });
    const wanted = entry('Oryctes', { within: 'Insecta' });
    expect(idOf(await resolveEntry(wanted, lookupOf(insecta, plant, beetle)))).toBe(2);
    const refused = await resolveEntry(wanted, lookupOf(insecta, plant));
    expect(refused.resolved).toBeNull();
    expect(refused.problems[0]).toContain('within Insecta at the site but found Oryctes (genus, taxon 1)');
  });

  it('reports an ancestor that does not resolve', async () => {
    const { resolved, problems } = await resolveEntry(
      entry('Oryctes', { within: 'Insekta' }),
      lookupOf(taxon(1, 'Oryctes')),
    );
    expect(resolved).toBeNull();
    expect(problems[0]).toContain("no taxon is named exactly 'Insekta'");
  });

  it('accepts the only match of another rank, with a note', async () => {
    const { resolved, notes } = await resolveEntry(
      entry('Phasmida'),
      lookupOf(taxon(1, 'Phasmida', { rank: 'order' })),
    );
    expect(resolved?.taxon.id).toBe(1);
    expect(notes).toEqual(['Phasmida (order, taxon 1) is not of rank genus at the site']);
  });

  it('lists homonyms that cannot be distinguished', async () => {
    const { resolved, problems } = await resolveEntry(entry('Musa'), lookupOf(taxon(1, 'Musa'), taxon(2, 'Musa')));
    expect(resolved).toBeNull();
    expect(problems[0]).toContain('found Musa (genus, taxon 1); Musa (genus, taxon 2); correct its line');
  });

  it('lists names that are similar to a name without a match', async () => {
    const taxa = Array.from({ length: 9 }, (_, i) => taxon(i + 1, `Lynxia ${i}`));
    const { problems } = await resolveEntry(entry('Lynx'), lookupOf(...taxa));
    expect(problems[0]).toContain(
      "named exactly 'Lynx' of rank genus at the site but found Lynxia 0 (genus, taxon 1);",
    );
    expect(problems[0]).toContain('and 4 more');
    expect((await resolveEntry(entry('Lynx'), lookupOf())).problems[0]).toContain('found nothing similar');
  });

  it('finds a taxon by a former scientific name, but prefers the taxon that has the name now', async () => {
    const renamed = taxon(1, 'Aquarana catesbeiana', { rank: 'species', otherNames: ['Lithobates catesbeianus'] });
    const wanted = entry('Lithobates catesbeianus', { rank: 'species' });
    const { resolved, notes } = await resolveEntry(wanted, lookupOf(renamed));
    expect(resolved?.taxon.id).toBe(1);
    expect(notes).toEqual(["'Lithobates catesbeianus' is Aquarana catesbeiana (species, taxon 1)"]);
    const bearer = taxon(2, 'Lithobates catesbeianus', { rank: 'subspecies' });
    expect(idOf(await resolveEntry(wanted, lookupOf(renamed, bearer)))).toBe(2);
  });

  it('excludes every taxon with the name, except one that contains the wanted taxon', async () => {
    const lynx = taxon(5, 'Lynx', { ancestorIds: [48460, 9, 5] });
    const lookup = lookupOf(lynx, taxon(9, 'Felis'), taxon(8, 'Felis'), taxon(7, 'Felis', { ancestorIds: [5, 7] }));
    const { resolved, problems } = await resolveEntry(entry('Lynx', { exclude: ['Felis'] }), lookup);
    expect(resolved?.excluded.map(({ id }) => id)).toEqual([7, 8]);
    expect(problems).toEqual([]);
  });

  it('reports an exclusion that does not resolve, and continues without it', async () => {
    const { resolved, problems } = await resolveEntry(
      entry('Musa', { exclude: ['Musa ornata'] }),
      lookupOf(taxon(1, 'Musa')),
    );
    expect(resolved).toMatchObject({ taxon: { id: 1 }, excluded: [] });
    expect(problems).toEqual([
      "Expected an active taxon named 'Musa ornata' at the site to exclude from Musa (genus, taxon 1) but found nothing " +
        'similar; Musa is searched for without this exclusion',
    ]);
  });

  it('does not exclude a species that was merged into the wanted taxon', async () => {
    const lookup = lookupOf(taxon(1, 'Musa', { otherNames: ['Musa ornata'] }));
    const { resolved, problems } = await resolveEntry(entry('Musa', { exclude: ['Musa ornata'] }), lookup);
    expect(resolved?.excluded).toEqual([]);
    expect(problems).toHaveLength(1);
  });
});
