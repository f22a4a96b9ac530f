import type { Kysely } from 'kysely';
import { UsageError } from '../../../kernel/errors.ts';
import type { Sha256 } from '../../../kernel/ids.ts';
import { sha256Of } from '../../../tools/sha256.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import { NO_VERSION, type RemoteVersion } from '../remote-version.ts';
import type { FoundPhoto } from '../source.ts';
import {
  type ClassPlan,
  describeWalk,
  finishWalk,
  forgetWalk,
  lastDump,
  openWalk,
  type WalkInputs,
  type WalkState,
} from './walk.repository.ts';
import { isIdentified, type DumpVersions, OPEN_DATA_FILES, type OpenDataFile } from './rows.ts';
import type { DumpDeps } from './dump-table.process.ts';
import { planOpenData, type OpenDataPlan } from './plan-open-data.process.ts';
import { walkDump, type DumpWalk, type WalkRules } from './walk-dump.process.ts';

export interface OpenDataDeps extends Pick<DumpDeps, 'open' | 'clock'> {
  readonly db: Kysely<Database>;
  readonly identify: (file: OpenDataFile, known: RemoteVersion) => Promise<RemoteVersion>;
}

export interface OpenDataOptions extends Pick<DumpDeps, 'signal' | 'onProgress'>, WalkRules {
  /** Name of the collection. A recorded walk of the same collection is resumed or replaced. */
  readonly collection: string;
  /** All other rules that decide which photos are taken, as text. A walk resumes only under the same rules. */
  readonly rules: string;
  readonly onPlanned?: (plan: ClassPlan) => void;
  readonly onNote: (note: string) => void;
}

/**
 * Yields the photos of a collection's classes in iNaturalist's open data
 * (https://github.com/inaturalist/inaturalist-open-data). One pass over observations and photos, which have tens to hundreds
 * of millions of rows, serves all classes. Observations of the wanted taxa are stored in an unlogged table. Photos are
 * screened in memory and joined with that table thousands at a time, in the order of the file. Each (photo id, class) is
 * yielded once, although ids repeat.
 *
 * Memory does not grow with the files. A heap of 80 MB suffices for millions of rows, plus 32 MiB for the screen and about 50
 * bytes for each wanted taxon (hundreds of thousands if a class is as large as the flies). Malformed rows are counted and
 * skipped.
 *
 * A walk that ended early, killed or not, resumes. Finished files are not read again. In the current file the finished rows
 * are skipped, although the file must be inflated from its beginning. A finished walk is not repeated. Both hold only for the
 * same dump (by the versions of its files), the same classes and the same rules. Otherwise the walk starts again and yields
 * the same photos again, and storing those changes nothing.
 *
 * Throws the signal's reason when aborted; UsageError if a file does not have the columns of the dump; RetryLater if a file
 * is damaged or PostgreSQL has crashed during the walk; StopTheRun if another walk of the collection has taken over.
 */
export async function* discoverOpenData(
  deps: OpenDataDeps,
  options: OpenDataOptions,
): AsyncGenerator<FoundPhoto, void, undefined> {
  const { db } = deps;
  options.signal.throwIfAborted();
  if (options.classes.length === 0) return;
  const inputs = { collection: options.collection, inputsSha256: inputsOf(options) };
  const dump = await identifyDump(deps, inputs);
  const state = await openWalk(db, inputs, dump);
  restore(state, options);
  if (state.stage === 'done') {
    options.onNote('the open data is the same as when it was walked for these classes: there is nothing new to find');
    return;
  }
  let canGoOn = isIdentified(dump);
  let isDone = false;
  try {
    const walk = { db, walk: state, dump: { ...deps, ...options }, rules: options };
    yield* walkDump(walk, state, () => plan(walk, options));
    isDone = true;
  } catch (error) {
    canGoOn &&= !(error instanceof UsageError);
    throw error;
  } finally {
    // This fails only if the catalogue is unreachable, which is reported by then. The next walk drops the tables.
    if (isDone) await finishWalk(db, state);
    else if (!canGoOn) await forgetWalk(db, state).catch(() => {});
  }
}

async function plan(
  { db, walk, dump }: DumpWalk,
  { classes, onPlanned }: OpenDataOptions,
): Promise<OpenDataPlan['classesOfTaxon']> {
  const { plans, classesOfTaxon } = await planOpenData(dump, classes);
  await describeWalk(db, walk, plans);
  for (const one of plans) onPlanned?.(one);
  return classesOfTaxon;
}

function restore({ stage, admitted, plans }: WalkState, options: OpenDataOptions): void {
  for (const [wnid, count] of Object.entries(admitted)) options.admitted.set(wnid, count);
  if (stage === 'observations') return;
  for (const one of plans) options.onPlanned?.(one);
}

async function identifyDump({ db, identify }: OpenDataDeps, inputs: WalkInputs): Promise<DumpVersions> {
  const known = await lastDump(db, inputs);
  const dump: Partial<Record<OpenDataFile, RemoteVersion>> = {};
  for (const file of OPEN_DATA_FILES) dump[file] = await identify(file, known[file] ?? NO_VERSION);
  return dump;
}

function inputsOf(options: OpenDataOptions): Sha256 {
  const { classes, photoSize, mediaUrl, qualityGrade, limitPerClass, rules } = options;
  const text = JSON.stringify([classes, photoSize, mediaUrl, qualityGrade, limitPerClass, rules]);
  return sha256Of(text);
}
