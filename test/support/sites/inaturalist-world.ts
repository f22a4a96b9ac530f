import * as z from 'zod';

/** A taxonomy and observations of it, as `startInaturalistSite` serves them. Everything follows from the arguments. */
export interface InaturalistWorld {
  readonly taxa: readonly SiteTaxon[];
  readonly observations: readonly SiteObservation[];
}

export interface SiteTaxon {
  readonly id: number;
  readonly name: string;
  readonly rank: string;
  readonly parentId: number | null;
  readonly isActive: boolean;
  /** Besides `name`; locale `sci` for scientific ones. */
  readonly otherNames: readonly { readonly name: string; readonly locale: string }[];
}

export interface SiteObservation {
  readonly id: number;
  readonly uuid: string;
  readonly taxonId: number;
  readonly qualityGrade: 'research' | 'needs_id' | 'casual';
  /** The observation's own, which does not apply to its photos. */
  readonly licence: string | null;
  readonly annotations: readonly { readonly termId: number; readonly valueId: number }[];
  readonly photos: readonly SitePhoto[];
  readonly spam: boolean;
  readonly user: { readonly id: number; readonly login: string; readonly name: string | null };
}

export interface SitePhoto {
  readonly id: number;
  /** Null for all rights reserved. */
  readonly licence: string | null;
  readonly extension: string;
  readonly hidden: boolean;
  readonly flags: readonly { readonly flag: string; readonly resolved: boolean }[];
}

const lineSchema = z.object({
  wnid: z.string(),
  name: z.string(),
  inaturalist: z
    .array(
      z.object({
        taxon: z.string(),
        rank: z.string(),
        exclude: z.array(z.string()).default([]),
        annotation: z.object({ term: z.string(), value: z.string() }).optional(),
        synonyms: z.array(z.string()).default([]),
        within: z.string().optional(),
      }),
    )
    .nullable(),
});
export type QueriesLine = z.output<typeof lineSchema>;

/** The lines of a queries file, as far as this site is concerned. */
export function readQueriesLines(jsonLines: string): readonly QueriesLine[] {
  return jsonLines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => lineSchema.parse(JSON.parse(line)));
}

/** Ids that the real site has too; all others are made up. */
const SITE_IDS = { life: 48460, animalia: 1, insecta: 47158, odonata: 47792, plantae: 47126 } as const;

/** Ids of the controlled terms, by their present labels. */
export const SITE_TERMS = [
  { id: 1, label: 'Life Stage', values: { Adult: 2, Larva: 6, Juvenile: 8 } },
  { id: 9, label: 'Sex', values: { Female: 10, Male: 11 } },
  { id: 12, label: 'Flowers and Fruits', values: { Flowers: 13, 'Fruits or Seeds': 14 } },
  { id: 22, label: 'Evidence of Presence', values: { Organism: 24, Construction: 35 } },
] as const;

/**
 * A world in which every line of a queries file resolves, with what real names stumble over: homonyms in another kingdom,
 * of the same and of another rank; a common name that is another taxon's scientific one; inactive taxa of the same name;
 * names that the site knows as synonyms only. Beside the observations that a line is after stand others that it is not:
 * of excluded taxa, without the annotation or with another one, without photos.
 *
 * @param perTaxon observations of each taxon of the lines, and as many of each one that must not be found
 */
export function worldOf(lines: readonly QueriesLine[], { perTaxon }: { perTaxon: number }): InaturalistWorld {
  const taxonomy = new Taxonomy();
  const observations = new Observations();
  const add = (taxonId: number, annotations: SiteObservation['annotations']): void => {
    for (let i = 0; i < perTaxon; i++) observations.add(taxonId, annotations);
  };
  for (const entry of lines.flatMap((line) => line.inaturalist ?? [])) {
    const taxonId = taxonomy.addEntry(entry);
    const wanted = entry.annotation === undefined ? [] : [annotationIds(entry.annotation)];
    const childId = taxonomy.add({ name: `${entry.taxon} winnowensis`, rank: 'subspecies', parentId: taxonId });
    add(taxonId, wanted);
    add(childId, wanted);
    if (wanted.length > 0) add(taxonId, []);
    if (wanted.length > 0) add(taxonId, [{ termId: 1, valueId: 6 }]);
    for (const name of entry.exclude) add(taxonomy.addExclusion(name, taxonId), wanted);
  }
  taxonomy.addTraps();
  add(taxonomy.idOf('Juncus effusus'), []);
  return { taxa: taxonomy.taxa, observations: observations.all };
}

class Taxonomy {
  readonly taxa: SiteTaxon[] = [];
  readonly #ids = new Map<string, number>();

  constructor() {
    const { life, animalia, insecta, odonata, plantae } = SITE_IDS;
    this.add({ id: life, name: 'Life', rank: 'stateofmatter', parentId: null });
    this.add({ id: animalia, name: 'Animalia', rank: 'kingdom', parentId: life });
    this.add({ id: plantae, name: 'Plantae', rank: 'kingdom', parentId: life });
    this.add({ id: insecta, name: 'Insecta', rank: 'class', parentId: animalia });
    this.add({ id: odonata, name: 'Odonata', rank: 'order', parentId: insecta });
  }

  idOf(name: string): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`Expected a taxon named '${name}' in the world`);
    return id;
  }

  add(taxon: Omit<SiteTaxon, 'id' | 'isActive' | 'otherNames'> & Partial<SiteTaxon>): number {
    const known = this.#ids.get(taxon.name);
    if (known !== undefined && taxon.id === undefined && taxon.isActive !== false) return known;
    const id = taxon.id ?? 100_000 + this.taxa.length;
    this.taxa.push({ isActive: true, otherNames: [], ...taxon, id });
    if (taxon.isActive !== false) this.#ids.set(taxon.name, id);
    return id;
  }

  addEntry({ taxon, rank, synonyms, within }: NonNullable<QueriesLine['inaturalist']>[number]): number {
    const parentId = taxon === 'Anisoptera' ? SITE_IDS.odonata : within === 'Insecta' ? SITE_IDS.insecta : 1;
    const [synonym] = synonyms;
    if (synonym === undefined) return this.add({ name: taxon, rank, parentId });
    // The site has moved on: for one name it still lists the former one, for the other it does not.
    const isListed = taxon === 'Lithobates catesbeianus';
    return this.add({ name: synonym, rank, parentId, otherNames: isListed ? [{ name: taxon, locale: 'sci' }] : [] });
  }

  /** Adds a taxon below the given one. Damselflies are added beside the dragonflies. */
  addExclusion(name: string, taxonId: number): number {
    const parentId = name === 'Zygoptera' ? SITE_IDS.odonata : taxonId;
    return this.add({ name, rank: name.includes(' ') ? 'species' : 'family', parentId });
  }

  addTraps(): void {
    const parentId = SITE_IDS.plantae;
    const trap = (name: string, rank: string): void => {
      this.taxa.push({ id: 900_000 + this.taxa.length, name, rank, parentId, isActive: true, otherNames: [] });
    };
    trap('Anisoptera', 'genus');
    trap('Oryctes', 'genus');
    this.add({ name: 'Junco', rank: 'genus', parentId, isActive: false });
    this.add({ name: 'Dasyatidae', rank: 'family', parentId, isActive: false });
    const otherNames = ['Junco', 'Agama', 'Musa'].map((name) => ({ name, locale: 'es' }));
    this.add({ name: 'Juncus effusus', rank: 'species', parentId, otherNames });
  }
}

const LICENCES = ['cc-by-nc', 'cc0', null, 'cc-by', 'cc-by-nc-sa', 'cc-by-nc-nd', 'pd'] as const;
const GRADES = ['research', 'research', 'needs_id', 'casual'] as const;
const EXTENSIONS = ['jpg', 'jpeg', 'png', 'JPG'] as const;

class Observations {
  readonly all: SiteObservation[] = [];
  #photos = 0;

  add(taxonId: number, annotations: SiteObservation['annotations']): void {
    const number = this.all.length;
    const userId = 1 + (number % 7);
    this.all.push({
      // With gaps, as on the site.
      id: 1_000 + number * 3,
      uuid: uuidOf(number),
      taxonId,
      qualityGrade: at(GRADES, number),
      licence: at(LICENCES, number + 4),
      annotations,
      photos: Array.from({ length: at([1, 2, 1, 3, 0], number) }, () => this.#photo()),
      spam: number % 53 === 52,
      user: { id: userId, login: `observer${userId}`, name: userId % 2 === 0 ? `Observer, the ${userId}.` : null },
    });
  }

  #photo(): SitePhoto {
    const number = this.#photos++;
    return {
      id: 5_000_000 + number * 2,
      licence: at(LICENCES, number),
      extension: at(EXTENSIONS, number),
      hidden: number % 41 === 40,
      flags: number % 43 === 42 ? [{ flag: 'copyright infringement', resolved: number % 2 === 1 }] : [],
    };
  }
}

/** A UUID of version 4 that looks random and is not. */
export function uuidOf(number: number): string {
  const hex = (salt: number, length: number): string =>
    Math.imul(number + 1, salt)
      .toString(16)
      .replace('-', '')
      .padStart(8, '0')
      .slice(0, length);
  return `${hex(2654435761, 8)}-${hex(40503, 4)}-4${hex(97, 3)}-8${hex(7919, 3)}-${number.toString(16).padStart(12, '0')}`;
}

function annotationIds({ term, value }: { readonly term: string; readonly value: string }): {
  readonly termId: number;
  readonly valueId: number;
} {
  const found = SITE_TERMS.find(({ label }) => label === term);
  const valueId = Object.entries(found?.values ?? {}).find(([label]) => label === value)?.[1];
  if (found === undefined || valueId === undefined)
    throw new Error(`Expected a known annotation but got ${term}: ${value}`);
  return { termId: found.id, valueId };
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('Expected a list that is not empty');
  return item;
}
