import type { Migration } from 'kysely';
import * as catalogue from './0001-catalogue.ts';

/** Every migration, by its number. A migration that has landed is never edited: a change is a new file. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-catalogue': catalogue,
};
