import { namesOfPeople } from '../kernel/people.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { storeAcceptancePlan } from '../review/acceptance/plan.repository.ts';
import { importVerdicts, type ImportResult } from '../review/import/import.process.ts';
import type { ReadVerdicts } from '../review/import/imported-verdict.ts';
import { readVerdicts } from '../review/import/read-verdicts.process.ts';
import type { ImportOptions } from './options.ts';

/** `winnow verdicts import --json`. */
export interface ImportSummary extends ImportResult, Omit<ReadVerdicts, 'verdicts'> {
  /** Reviewers of the file who have tokens (`server.people`). The verdicts count as theirs. */
  readonly ofPeople: readonly string[];
}

export async function importFile(
  { app, scope, collection }: Workspace,
  file: string,
  { reviewer }: ImportOptions,
): Promise<ImportSummary> {
  const { mode, subjects } = collection;
  const rules = { mode, resolveClass: subjects.resolveLabel, reviewer };
  const { verdicts, ...read } = await readVerdicts(file, rules);
  const names = verdicts.map((one) => one.reviewer);
  const ofPeople = namesOfPeople(names, Object.keys(app.config.server.people));
  const imported = await importVerdicts(app.db, scope, verdicts);
  await storeAcceptancePlan(app.db, scope.collectionId, app.config.review.acceptance);
  return { ...imported, ...read, ofPeople };
}
