import { z } from 'zod';
import { wholeNumber } from './schema-problems.ts';

/** A rate; null: no limit. */
export function perMinute(): z.ZodNullable<z.ZodNumber> {
  return wholeNumber(1).nullable();
}

/** Long enough not to be guessed; what a header and a form can carry. */
export function token(): z.ZodNullable<z.ZodString> {
  return z
    .string()
    .regex(/^[\w.~+/=-]{16,200}$/)
    .describe('16 to 200 letters, digits and . _ ~ + / = - (`openssl rand -hex 24` makes one)')
    .nullable();
}

export function httpUrl(): z.ZodType<string> {
  return z.url({ protocol: /^https?$/ }).describe('an http or https URL');
}

export function postgresUrl(): z.ZodType<string> {
  return z
    .url({ protocol: /^postgres(ql)?$/ })
    .regex(/^[^:]+:\/\//)
    .describe(
      "a URL like postgres://user:password@host:5432/database (write '@', '#', '/' in a password as %40, %23, %2F)",
    );
}
