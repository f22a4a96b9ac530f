import * as z from 'zod';

/** A schema of the names of models and collections, which become names of files, folders and columns. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .describe("a name of at most 64 lower-case letters, digits, '.', '_' and '-' that starts with a letter or a digit");
