import * as z from 'zod';
import { GiveUpOnItem } from '../../../kernel/errors.ts';
import type { SourceApi } from '../network-source.ts';
import { readAnswer } from './answer.ts';
import { foldName, type Taxon, type TaxonLookup } from './taxon.ts';

/** The API returns up to 500 taxa, ordered by number of observations. An exact name is among the first 200 of its rank. */
const TAXA_PER_PAGE = 200;

const nameSchema = z.object({ name: z.string(), locale: z.string().nullish(), lexicon: z.string().nullish() });

const taxonSchema = z.object({
  id: z.int().positive(),
  name: z.string().min(1),
  rank: z.string().nullish(),
  is_active: z.boolean().nullish(),
  ancestor_ids: z.array(z.int()).nullish(),
  ancestry: z.string().nullish(),
  names: z.array(z.unknown()).nullish(),
});

const taxaSchema = z.object({ results: z.array(z.unknown()) });

/** Reads the taxa in an answer of /taxa, /taxa/autocomplete or /taxa/{ids}. Results that are not taxa are skipped. */
export function parseTaxa(answer: z.output<typeof taxaSchema>): readonly Taxon[] {
  return answer.results.flatMap((result) => {
    const parsed = taxonSchema.safeParse(result);
    return parsed.success ? [toTaxon(parsed.data)] : [];
  });
}

function toTaxon(given: z.output<typeof taxonSchema>): Taxon {
  return {
    id: given.id,
    name: given.name,
    rank: given.rank?.toLowerCase() ?? 'unranked',
    isActive: given.is_active !== false,
    ancestorIds: given.ancestor_ids ?? given.ancestry?.split('/').map(Number) ?? [],
    otherNames: (given.names ?? []).flatMap(scientificName),
  };
}

/** Names come in all languages. v1 marks scientific names with a locale of their own. */
function scientificName(name: unknown): readonly string[] {
  const parsed = nameSchema.safeParse(name);
  if (!parsed.success) return [];
  const isScientific = parsed.data.locale === 'sci' || /^scientific/i.test(parsed.data.lexicon ?? '');
  return isScientific ? [parsed.data.name] : [];
}

/** Looks names up at /taxa, each of them once: the answers are cached for the life of the directory. */
export class TaxonDirectory {
  readonly #url: string;
  readonly #answers = new Map<string, Promise<readonly Taxon[]>>();

  constructor(url: string) {
    this.#url = url;
  }

  through(api: SourceApi): TaxonLookup {
    return { place: 'at iNaturalist', find: (name, rank) => this.#find({ name, rank }, api) };
  }

  #find(asked: { name: string; rank: string | null }, api: SourceApi): Promise<readonly Taxon[]> {
    const key = JSON.stringify([foldName(asked.name), asked.rank]);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.#ask(asked, api);
    this.#answers.set(key, answer);
    // The next caller repeats a failed request.
    answer.catch(() => this.#answers.delete(key));
    return answer;
  }

  async #ask({ name, rank }: { name: string; rank: string | null }, api: SourceApi): Promise<readonly Taxon[]> {
    const params = new URLSearchParams({ q: name, is_active: 'true', per_page: String(TAXA_PER_PAGE) });
    // All names of 200 taxa are a megabyte. They are only needed if the name may be a synonym.
    if (rank === null) params.set('all_names', 'true');
    else params.set('rank', rank);
    const url = `${this.#url}/taxa?${params.toString()}`;
    const response = await api.send({ url, headers: { accept: 'application/json' } });
    try {
      return parseTaxa(readAnswer(response, taxaSchema, { nowMs: api.nowMs(), what: `taxa named '${name}'` }));
    } catch (error) {
      // A rank that the site does not know has no taxa. The name is searched for without a rank next.
      if (rank !== null && error instanceof GiveUpOnItem) return [];
      throw error;
    }
  }
}
