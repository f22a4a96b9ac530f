import { stringify } from 'yaml';
import type { CollectionDraft, QueriesFile } from './collection.ts';

export interface DraftToKeep {
  readonly draft: CollectionDraft;
  readonly given: object;
  /** The lists with their entries, even if the file names another file for them. */
  readonly lists: Pick<CollectionDraft, 'classes' | 'among'>;
  readonly queries: QueriesFile | null;
}

/**
 * The text that the catalogue keeps of a collection file: a collection file with the same meaning, with all defaults, that names
 * no other file except model cards.
 */
export function canonicalText({ draft, given, lists, queries }: DraftToKeep): string {
  const { mode, ensemble, policy } = draft;
  const lines = queries === null || queries.text.trim() === '' ? null : queries.text;
  const values = { ...given, mode, ensemble, policy, ...lists, queries: lines };
  return stringify(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)), { lineWidth: 0 });
}
