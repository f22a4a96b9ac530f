import * as z from 'zod';
import type { Secret } from '../tools/quote.ts';
import { wholeNumber } from './schema-problems.ts';

export interface Setting<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly fallback: z.output<S>;
  /** One or two sentences, with the unit and the meaning of null. */
  readonly description: string;
  readonly secret?: Secret;
  /** Other environment variables that give this setting. The setting's own variable wins over them. */
  readonly aliases?: readonly string[];
}

export function setting<S extends z.ZodType>(
  schema: S,
  fallback: z.output<S>,
  details: string | Omit<Setting, 'schema' | 'fallback'>,
): Setting<S> {
  return { schema, fallback, ...(typeof details === 'string' ? { description: details } : details) };
}

export function httpUrl(): z.ZodType<string> {
  return z.url({ protocol: /^https?$/ }).describe('an http or https URL');
}

/** Null for no limit. */
export function perMinute(): z.ZodNullable<z.ZodNumber> {
  return wholeNumber(1).nullable();
}
