import * as z from 'zod';
import { GiveUpOnItem } from '../../../kernel/errors.ts';
import type { SourceApi } from '../network-source.ts';
import { readAnswer } from './answer.ts';
import type { Annotation } from './entry.ts';

const labelledSchema = z.object({ id: z.int().positive(), label: z.string().min(1) });
type Labelled = z.output<typeof labelledSchema>;

/** A controlled term (`Sex`) and the values that an observation can carry for it. */
const termSchema = labelledSchema.extend({ values: z.array(labelledSchema).default([]) });
export type ControlledTerm = z.output<typeof termSchema>;

const termsSchema = z.object({ results: z.array(termSchema) });

export interface AnnotationIds {
  readonly termId: number;
  readonly valueId: number;
}

/** Ids from public code, used if the list of terms is unavailable (it is not part of the documented API). */
const KNOWN_TERMS: readonly ControlledTerm[] = [
  { id: 1, label: 'Life Stage', values: [term(2, 'Adult'), term(8, 'Juvenile')] },
  { id: 9, label: 'Sex', values: [term(11, 'Male')] },
  { id: 12, label: 'Flowers and Fruits', values: [term(13, 'Flowers'), term(14, 'Fruits or Seeds')] },
  { id: 22, label: 'Evidence of Presence', values: [term(35, 'Construction')] },
];

const RENAMED: ReadonlyMap<string, string> = new Map([
  ['plant phenology', 'flowers and fruits'],
  ['flowering', 'flowers'],
  ['fruiting', 'fruits or seeds'],
]);

function term(id: number, label: string): Labelled {
  return { id, label };
}

/** Compares labels in any case, in present or former wording. If there is none, the problem lists the labels that exist. */
export function findAnnotation(
  terms: readonly ControlledTerm[],
  { term: termLabel, value }: Annotation,
): { readonly ids: AnnotationIds } | { readonly problem: string } {
  const wanted = `Expected the annotation '${termLabel}: ${value}' at iNaturalist`;
  const found = byLabel(terms, termLabel);
  if (found === undefined) return { problem: `${wanted} but its terms are ${labels(terms)}` };
  const foundValue = byLabel(found.values, value);
  if (foundValue === undefined) return { problem: `${wanted} but its values are ${labels(found.values)}` };
  return { ids: { termId: found.id, valueId: foundValue.id } };
}

function byLabel<Item extends Labelled>(items: readonly Item[], label: string): Item | undefined {
  return items.find((item) => currentLabel(item.label) === currentLabel(label));
}

function currentLabel(label: string): string {
  const lower = label.trim().toLowerCase();
  return RENAMED.get(lower) ?? lower;
}

function labels(items: readonly Labelled[]): string {
  return items.length === 0 ? 'none' : items.map(({ label }) => label).join(', ');
}

export class AnnotationDirectory {
  readonly #url: string;
  #terms: Promise<readonly ControlledTerm[]> | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  terms(api: SourceApi): Promise<readonly ControlledTerm[]> {
    if (this.#terms !== null) return this.#terms;
    const answer = this.#ask(api);
    this.#terms = answer;
    answer.catch(() => {
      this.#terms = null;
    });
    return answer;
  }

  async #ask(api: SourceApi): Promise<readonly ControlledTerm[]> {
    const response = await api.send({ url: `${this.#url}/controlled_terms`, headers: { accept: 'application/json' } });
    try {
      return readAnswer(response, termsSchema, { nowMs: api.nowMs(), what: 'the controlled terms' }).results;
    } catch (error) {
      if (error instanceof GiveUpOnItem) return KNOWN_TERMS;
      throw error;
    }
  }
}
