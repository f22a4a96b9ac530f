import * as z from 'zod';
import type { Secret } from './quote.ts';

export interface Setting<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly fallback: z.output<S>;
  /** A sentence or two with the unit and what null means. */
  readonly description: string;
  readonly secret?: Secret;
  /** Further environment names, weaker than the setting's own. */
  readonly aliases?: readonly string[];
}

type Details = Pick<Setting, 'description' | 'secret' | 'aliases'>;

/** A line of the table of settings. */
export function setting<S extends z.ZodType>(schema: S, fallback: z.output<S>, details: string | Details): Setting<S> {
  return { schema, fallback, ...(typeof details === 'string' ? { description: details } : details) };
}

export function httpUrl(): z.ZodType<string> {
  return z.url({ protocol: /^https?$/ }).describe('an http or https URL');
}
