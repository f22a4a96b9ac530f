import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { sha256Of } from '../../core/tools/sha256.ts';
import { inBatches } from '../../core/kernel/batches.ts';
import { codeOf, Interrupted, messageOf, throwIfInterrupted, unlessCode } from '../../core/kernel/errors.ts';
import { mostDiffering, type EvidenceImport } from '../../core/kernel/evidence-import.ts';
import { toSha256 } from '../../core/kernel/ids.ts';
import { noEvidence } from '../../core/models/evidence/evidence.ts';
import { storeImport } from '../../core/models/evidence/evidence-import.repository.ts';
import type { FilterEngine } from '../../core/filter/engine/thread-pool.process.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { TooManyValues } from '../../core/platform/parquet/read-parquet.ts';
import { pruneCollection } from '../../core/filter/prune/prune.process.ts';
import { holdHeadReferences } from '../../core/filter/references/head-references.process.ts';
import { filterPolicy } from '../../core/filter/rule/policy.ts';
import { openAmong } from '../../core/filter/run/decision.repository.ts';
import { filterBatch, type DecidedCounts } from '../../core/filter/run/filter.process.ts';
import { decidingDeps, openEngine, retainsKept } from '../../core/filter/run/filter-stage.process.ts';
import { ShardRows, type ImportedPhoto } from './check-shard.ts';
import { LogitComparison, type SampledPhoto } from './compare-sample.ts';
import { hashOfEvidence, openEvidenceFile, readEvidenceText, readEvidencePlan } from './evidence-folder.process.ts';
import { isPlainName, SUMS_FILE, type Plan } from './format.ts';
import { importedEngine } from './imported-engine.ts';
import { Refusals, type RefusalCount } from './refusals.ts';
import { readResultRows, readShard, TooManyRows, WrongColumns } from './result-file.process.ts';

export interface EvidenceImportOptions {
  readonly folder: string;
  /** Number of photos that winnow evaluates itself and compares. */
  readonly sample: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: Partial<ImportProgress>) => void;
}

/** Numbers of photos. `sample`: how many are to be compared. */
export interface ImportProgress {
  readonly checked: number;
  readonly compared: number;
  readonly sample: number | null;
  readonly photos: number;
  readonly total: number | null;
}

export interface ImportReport {
  /** Photos and crops that the folder has results of; 0 if something is refused. */
  readonly photos: number;
  readonly crops: number;
  /** Photos that winnow evaluated itself: near the limits of the rule, or left to it. */
  readonly recomputed: number;
  /** Photos of the sample. */
  readonly compared: number;
  /** The share of photos that may differ; null if something is refused, or the folder has no logits. */
  readonly sample: EvidenceImport | null;
  readonly decided: DecidedCounts;
  /** Hashes of photos that winnow had to evaluate, but whose bytes are lost. */
  readonly lost: readonly string[];
  /** If there are any, nothing was stored. */
  readonly refused: readonly RefusalCount[];
}

/**
 * Checks the results of a plan, compares a sample with winnow's own, then stores the evidence and decides the photos by the
 * filter's own path. It stores nothing if anything is refused. If it is interrupted, the same call continues.
 *
 * @throws UsageError `no-plan`, `bad-plan`
 */
export async function importEvidence(workspace: Workspace, options: EvidenceImportOptions): Promise<ImportReport> {
  const plan = await readEvidencePlan(options.folder);
  const refusals = new Refusals();
  const run: Run = { workspace, plan, options, refusals };
  const refused = (compared: number): ImportReport => ({ ...NOTHING, compared, refused: refusals.list });
  requireSameRules(run);
  if (refusals.list.length === 0) await checkSums(run);
  if (refusals.list.length > 0) return refused(0);
  const seed = randomBytes(16).toString('hex');
  const { photos, crops, withLogits, drawn } = await checkAll(run, seed);
  if (refusals.list.length > 0) return refused(0);
  const compared = await compareSample(run, drawn);
  if (refusals.list.length > 0) return refused(compared);
  const most = mostDiffering(withLogits, compared);
  const sample = withLogits === 0 ? null : { plan: plan.id, seed, photos: withLogits, compared, mostDiffering: most };
  if (sample !== null) await storeImport(workspace.app.db, sample, workspace.ensemble.memberIds);
  const stored = await storeAll(run);
  // A file may have changed since it was checked.
  return { photos, crops, compared, sample, ...stored, refused: refusals.list };
}

const NOTHING = {
  photos: 0,
  crops: 0,
  recomputed: 0,
  sample: null,
  decided: { kept: 0, dropped: 0, failed: 0, poisoned: 0 },
  lost: [],
};

interface Run {
  readonly workspace: Workspace;
  readonly plan: Plan;
  readonly options: EvidenceImportOptions;
  readonly refusals: Refusals;
}

function requireSameRules({ workspace: { scope, collection, ensemble }, plan, refusals }: Run): void {
  if (plan.collection !== collection.name)
    refusals.add('stale-plan', `the plan is of the collection '${plan.collection}', not of '${collection.name}'`);
  else if (plan.rules !== scope.decisionSha256)
    refusals.add('stale-plan', `the rules of '${collection.name}' or its models changed after the plan was made`);
  else if (plan.members.map(({ member }) => member).join() !== ensemble.members.map(({ name }) => name).join())
    refusals.add('stale-plan', `the order of the models of '${collection.name}' changed after the plan was made`);
}

/** Hashes the plan's shards, and the results that `SHA256SUMS` names, if there is such a file. */
async function checkSums({ plan, options: { folder, signal }, refusals }: Run): Promise<void> {
  const text = (await unlessCode(readEvidenceText(folder, SUMS_FILE), 'ENOENT')) ?? '';
  const lines = text.matchAll(/^([0-9a-f]{64}) [ *](?:\.\/)?(.+)$/gm);
  const sums = Array.from(lines, ([, sha256 = '', file = '']) => ({ sha256, file }));
  const hashes = new Map<string, string>();
  for (const { file, sha256 } of [...plan.shards, ...sums]) {
    throwIfInterrupted(signal);
    const isNamed = hashes.has(file) || isPlainName(file);
    if (!isNamed) refusals.add('changed-file', `${SUMS_FILE} names '${file}', which is no file of this folder`);
    if (isNamed && !hashes.has(file))
      hashes.set(file, await hashOfEvidence(folder, file, signal).catch(unlessInterrupted));
    const actual = hashes.get(file) ?? sha256;
    if (actual !== sha256) refusals.add('changed-file', `${file} has the SHA-256 ${sha256} no more: ${actual}`);
  }
}

function unlessInterrupted(error: unknown): string {
  if (error instanceof Interrupted) throw error;
  return messageOf(error);
}

interface Checked {
  readonly photos: number;
  readonly crops: number;
  readonly withLogits: number;
  /** Hashes of photos for the sample, in random order: twice as many as are wanted, because bytes may be gone. */
  readonly drawn: readonly string[];
}

async function checkAll(run: Run, seed: string): Promise<Checked> {
  const { plan, options } = run;
  let [photos, crops, withLogits] = [0, 0, 0];
  let drawn: { readonly rank: string; readonly sha256: string }[] = [];
  // A photo that counted twice would have two chances in the sample, and the limit that is stated of it would be wrong.
  const known = new Set<string>();
  for await (const { sha256, logits } of readAll(run)) {
    if (known.has(sha256)) run.refusals.add('duplicate', `the plan has the photo ${sha256} in more than one shard`);
    known.add(sha256);
    photos += 1;
    if (photos % 100 === 0) options.onProgress?.({ checked: photos, total: plan.photos });
    if (logits === null) continue;
    withLogits += 1;
    crops += logits.reduce((sum, member) => sum + (member?.length ?? 0), 0);
    drawn.push({ rank: sha256Of(`${seed} ${sha256}`), sha256 });
    if (drawn.length >= 4 * options.sample) drawn = firstOf(drawn, 2 * options.sample);
  }
  return { photos, crops, withLogits, drawn: firstOf(drawn, 2 * options.sample).map(({ sha256 }) => sha256) };
}

function firstOf<T extends { readonly rank: string }>(sample: readonly T[], count: number): T[] {
  return sample.toSorted((a, b) => (a.rank < b.rank ? -1 : 1)).slice(0, count);
}

/** The photos of all shards. Rows that are refused are counted, and their photos left out. */
async function* readAll(run: Run): AsyncGenerator<ImportedPhoto> {
  for (const shard of run.plan.shards) {
    try {
      yield* readPart(run, shard);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      run.refusals.add(...refusalOf(error, path.basename(shard.file)));
    }
    throwIfInterrupted(run.options.signal);
  }
}

async function* readPart(
  { plan, options: { folder, signal }, refusals }: Run,
  planned: Plan['shards'][number],
): AsyncGenerator<ImportedPhoto> {
  const name = path.basename(planned.file);
  const photos = await readShard(await openEvidenceFile(folder, planned.file), plan, planned);
  const shard = new ShardRows(plan, photos, refusals);
  for await (const row of readResultRows(await openEvidenceFile(folder, name), plan, photos.length)) {
    throwIfInterrupted(signal);
    const photo = shard.take(row, name);
    if (photo !== null) yield photo;
  }
  shard.finish(name);
}

function refusalOf(error: unknown, name: string): Parameters<Refusals['add']> {
  if (codeOf(error) === 'ENOENT') return ['missing-shard', `there is no ${name}`];
  const detail = `${name}: ${messageOf(error)}`;
  if (error instanceof TooManyValues) return ['wrong-length', detail];
  if (error instanceof TooManyRows) return ['duplicate', detail];
  return [error instanceof WrongColumns ? 'wrong-columns' : 'cut-shard', detail];
}

/** Photos whose logits are in memory to be compared. */
const COMPARED_AT_ONCE = 16;

/** Evaluates photos with the filter's own engine. Returns how many were compared. */
async function compareSample(run: Run, drawn: Checked['drawn']): Promise<number> {
  const { workspace, plan, options, refusals } = run;
  if (drawn.length === 0) return 0;
  const { engine } = await openEngine(workspace, { evaluate: 'all', signal: options.signal });
  const comparison = new LogitComparison(plan.members.map(({ member }) => member));
  const sample = Math.min(options.sample, drawn.length);
  try {
    for (let at = 0; at < drawn.length && comparison.photos < sample;) {
      const some = new Set(drawn.slice(at, at + sample - comparison.photos));
      at += some.size;
      for await (const batch of inBatches(sampledRows(run, some), COMPARED_AT_ONCE)) {
        comparison.addAll(await evaluated(run, engine, batch));
        options.onProgress?.({ checked: plan.photos, compared: comparison.photos, sample, total: plan.photos });
      }
    }
  } finally {
    await engine.close();
  }
  const { problem, photos } = comparison;
  if (photos === 0) refusals.add('no-sample', `${drawn.length} photos were tried`);
  if (problem !== null) refusals.add(problem.reason, problem.detail);
  return photos;
}

type Sampled = Pick<SampledPhoto, 'sha256' | 'imported'>;

async function* sampledRows(run: Run, some: ReadonlySet<string>): AsyncGenerator<Sampled> {
  for await (const { sha256, logits } of readAll(run))
    if (logits !== null && some.has(sha256)) yield { sha256, imported: logits };
}

/** The photos that can be read, with winnow's own logits. */
async function evaluated(
  { workspace, plan, options }: Run,
  engine: Pick<FilterEngine, 'evaluate'>,
  photos: readonly Sampled[],
): Promise<SampledPhoto[]> {
  // Every crop runs, whatever the photo shows.
  const truths = [workspace.scope.concepts === undefined ? 0 : null];
  const evidence = noEvidence(plan.members.length);
  const results = await engine.evaluate(photos.map(({ sha256 }) => ({ sha256: toSha256(sha256), truths, evidence })));
  throwIfInterrupted(options.signal);
  return photos.flatMap((photo, i) => {
    const result = results[i];
    if (result?.problem !== null) return [];
    return [{ ...photo, own: result.fresh.map((cells) => cells.map((cell) => cell?.logits ?? null)) }];
  });
}

/** Photos whose evidence and decisions are stored together. */
const BATCH_PHOTOS = 64;

async function storeAll(run: Run): Promise<Pick<ImportReport, 'recomputed' | 'decided' | 'lost'>> {
  const { workspace, plan, options } = run;
  const { app, scope, collection, ensemble } = workspace;
  const { signal } = options;
  const decided = { kept: 0, dropped: 0, failed: 0, poisoned: 0 };
  const onDecided = (counts: DecidedCounts): void => {
    for (const key of ['kept', 'dropped', 'failed', 'poisoned'] as const) decided[key] += counts[key];
  };
  await holdHeadReferences(workspace, signal);
  const { engine } = await openEngine(workspace, { evaluate: 'needed', signal });
  const deps = await decidingDeps(workspace, { engine, signal, onDecided });
  const sigmoid = ensemble.members.map(({ head }) => head.isSigmoid === true);
  const rules = { own: engine, policies: [filterPolicy(collection)], sigmoid };
  const lost: string[] = [];
  let [recomputed, photos] = [0, 0];
  try {
    for await (const batch of inBatches(readAll(run), BATCH_PHOTOS)) {
      const logitsOf = new Map(batch.map(({ sha256, logits }) => [sha256, logits ?? []]));
      const open = await openAmong(app.db, scope, [...logitsOf.keys()]);
      const onAsked = (count: number): void => void (recomputed += count);
      const { absent } = await filterBatch(open, {
        ...deps,
        engine: importedEngine(logitsOf, { ...rules, onAsked }),
      });
      lost.push(...absent.map(({ sha256 }) => sha256));
      throwIfInterrupted(signal);
      photos += batch.length;
      options.onProgress?.({ checked: plan.photos, photos, total: plan.photos });
    }
  } finally {
    await engine.close();
  }
  if (retainsKept(workspace)) await pruneCollection(workspace, { isDryRun: false, signal });
  return { recomputed, decided, lost };
}
