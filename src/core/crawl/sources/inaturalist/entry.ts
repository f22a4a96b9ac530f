import * as z from 'zod';
import { lineProblem, classText } from '../class-line.ts';
import type { Json, WantedClass } from '../network-source.ts';

const nameSchema = z.string().trim().min(1).max(200);

/** One taxon of a class's `inaturalist` line, as config/classes/README.md describes it. */
const entrySchema = z.strictObject({
  taxon: nameSchema,
  /** Null for any rank. */
  rank: nameSchema.toLowerCase().nullable().default(null),
  exclude: z.array(nameSchema).default([]),
  annotation: z.strictObject({ term: nameSchema, value: nameSchema }).nullable().default(null),
  synonyms: z.array(nameSchema).default([]),
  within: nameSchema.nullable().default(null),
});

export type TaxonEntry = Readonly<z.output<typeof entrySchema>>;
export type Annotation = NonNullable<TaxonEntry['annotation']>;

export interface ClassEntries {
  readonly entries: readonly TaxonEntry[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** The taxa of the class's line, or its scientific name if it has no line. Invalid taxa become problems. */
export function entriesOf(wanted: WantedClass): ClassEntries {
  if (wanted.entry === null)
    return noted(`iNaturalist does not identify ${classText(wanted)}, so it is not searched for`);
  if (wanted.entry === undefined) return fromScientificName(wanted);
  if (!Array.isArray(wanted.entry)) {
    return { entries: [], problems: [misfit(wanted, 'a list of taxa or null', wanted.entry)], notes: [] };
  }
  const entries: TaxonEntry[] = [];
  const problems: string[] = [];
  for (const item of wanted.entry) {
    const parsed = entrySchema.safeParse(item);
    if (parsed.success) entries.push(parsed.data);
    else problems.push(misfit(wanted, `{taxon, rank, ...} (${z.prettifyError(parsed.error)})`, item));
  }
  return {
    entries,
    problems,
    notes: entries.length + problems.length === 0 ? [`No taxa for ${classText(wanted)}`] : [],
  };
}

function fromScientificName(wanted: WantedClass): ClassEntries {
  const { scientificName } = wanted;
  if (scientificName === null) {
    return noted(
      `${classText(wanted)} has neither a line in the queries file nor a scientific name, so it is not searched for`,
    );
  }
  return {
    entries: [entrySchema.parse({ taxon: scientificName })],
    problems: [],
    notes: [`${classText(wanted)} has no line in the queries file: searched by its scientific name ${scientificName}`],
  };
}

function noted(note: string): ClassEntries {
  return { entries: [], problems: [], notes: [note] };
}

function misfit(wanted: WantedClass, expected: string, received: Json): string {
  return lineProblem(wanted, 'inaturalist', { expected, received });
}
