import type { CompletedCounts } from './complete.process.ts';
import { decidePruned } from '../prune/decide-pruned.process.ts';
import { countUndecided } from './decision.repository.ts';
import { filterJob, type FilterPayload } from './filter.job.ts';
import { filterPage, OTHER_RULES, type DecidedCounts, type FilterDeps } from './filter.process.ts';
import { countIncomplete, incompletePhotoIds, type Completion } from './incomplete.repository.ts';
import { type LostPhoto, LostPhotos } from '../../photo/lost-bytes.process.ts';
import { leakDetails } from './overrule.repository.ts';
import { filterPolicy, type FilterPolicy } from '../rule/policy.ts';
import { hasEvidence, membersOn } from '../../models/evidence/evidence.repository.ts';
import { findRelatedMembers } from '../../models/evidence/related-members.repository.ts';
import { codeOf } from '../../kernel/errors.ts';
import { pagesOf } from '../../kernel/pages.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { LeakFinder } from '../../photo/find-leaks.process.ts';
import { hashedPhotos, storeLeaks } from '../../photo/reference-set.repository.ts';
import type { EngineWork } from '../engine/engine-tally.ts';
import type { FilterEngine } from '../engine/thread-pool.process.ts';
import { requireModelFiles, threadsOf } from '../../models/engine/ensemble.process.ts';
import { sharedModels } from '../../models/engine/shared-models.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { requireRules } from '../../models/workspace/rules.process.ts';
import { givenBy, type Workspace } from '../../models/workspace/workspace.process.ts';
import { holdHeadReferences } from '../references/head-references.process.ts';
import { pagePruner, pruneCollection } from '../prune/prune.process.ts';
import { inPortions } from '../../runtime/work/in-portions.ts';
import type { RunningJob, Stage, StageDefinition, StageOptions } from '../../runtime/work/stage-definition.ts';
import { startStage } from '../../runtime/work/stage.process.ts';
import { ANY_SOURCE } from '../../runtime/work/work-metrics.ts';
import { CrashSafeEngine } from './crash-safe-engine.process.ts';
import { IdlePreviews } from './idle-previews.process.ts';
import { countToDecide, undecidedPhotoIds } from './photo-tally.repository.ts';

const FIRST = { after: 0, limit: 1 };
/** First key of the advisory locks of filters that queue work. The second is the collection's id. */
const FEED_LOCK = 0x66_65_65_64;

export interface FilterStageOptions extends StageOptions {
  readonly onDecided: (counts: DecidedCounts) => void;
  /** Called with decided photos whose evidence was completed, if `filter.evaluate` is `all`. */
  readonly onCompleted?: (counts: CompletedCounts) => void;
  /** For a long-running worker: loads its models at once, and tries photos again whose bytes are lost. */
  readonly isStaying?: boolean;
  readonly onLost?: (photos: readonly LostPhoto[]) => void;
  readonly onWork?: (work: EngineWork) => void;
}

export async function startFilter(workspace: Workspace, options: FilterStageOptions): Promise<Stage> {
  const { app } = workspace;
  const { evaluate } = app.config.filter;
  const signal = AbortSignal.any([options.signal, app.broken]);
  await app.blobs.check();
  await holdHeadReferences(workspace, signal);
  const { engine, threads } = await openEngine(workspace, { evaluate, signal });
  const completion = evaluate === 'all' ? completionOf(workspace) : null;
  const lost = new LostPhotos(app, options);
  const deps = await depsOf(workspace, { engine, completion, lost, options });
  const ofPages = definitionOf(workspace, deps, { threads, completion, lost });
  const previews = new IdlePreviews(app, ofPages.pausedAs, signal);
  const definition: StageDefinition<FilterPayload> = {
    ...ofPages,
    async open() {
      // Loading models takes most of the time of a filter that finds nothing to do.
      if (options.isStaying === true || (await ofPages.isAnyLeft())) await engine.start();
      previews.start();
    },
    handle: (payload, job) => previews.during(() => ofPages.handle(payload, job)),
    async tidy() {
      await decidePruned(deps);
      if (retainsKept(workspace)) await pruneCollection(workspace, { isDryRun: false, signal: options.signal });
    },
    async close() {
      await previews.stop();
      await engine.close();
      options.onWork?.(engine.work);
    },
  };
  const onFatal = (): void => {
    engine.requestStop();
    options.onFatal?.();
  };
  return startStage(app, definition, { ...options, onFatal });
}

/** Sends photos to the collection's filters, in any process. Without a message, a filter looks only now and then. */
export async function openHandOn({ app, scope }: Workspace): Promise<(photoIds: readonly number[]) => Promise<void>> {
  const queue = await app.openQueue(filterJob(scope.collectionId));
  return (photoIds) => queue.add(jobsFor(photoIds));
}

export function completionOf({ scope, collection, ensemble }: Workspace): Completion & { givenUp: Set<number> } {
  return { scope, policy: filterPolicy(collection), memberIds: ensemble.memberIds, givenUp: new Set() };
}

export interface EngineOptions {
  readonly evaluate: 'needed' | 'all';
  /** The policies that photos are decided under; by default the collection's own policy. */
  readonly policies?: readonly FilterPolicy[];
  readonly signal: AbortSignal;
}

/** Its models are not loaded. The caller must close it, because its threads keep the process alive. */
export async function openEngine(
  { app, collection, ensemble }: Workspace,
  { evaluate, policies = [filterPolicy(collection)], signal }: EngineOptions,
): Promise<{ engine: CrashSafeEngine; threads: number }> {
  const members = await sharedModels(app, ensemble.members);
  await requireModelFiles(members);
  // This loads ONNX Runtime, which most commands do not need.
  const { requireProvider } = await import('../../platform/onnx/providers.ts');
  const provider = await requireProvider(app.config.filter, app.log);
  const threads = threadsOf(app.config.filter.threads);
  const spec = {
    members,
    policies,
    evaluate,
    cropsPerPass: app.config.filter.batchCrops,
    blobs: app.blobPlace,
    provider,
    devices: provider === 'cpu' ? [] : app.config.filter.devices,
  };
  const memberIds = await membersOn(app.db, ensemble.memberIds, provider);
  const hasWorked = async (member: number): Promise<boolean> => hasEvidence(app.db, memberIds[member] ?? -1);
  const engine = new CrashSafeEngine(app, { spec, threads, work: workOf(ensemble, provider), hasWorked });
  signal.addEventListener('abort', () => engine.requestStop(), { once: true });
  return { engine, threads };
}

/** Names the work that a photo may be poison for: the same models, for any collection. */
function workOf({ identities }: Workspace['ensemble'], provider: string): string {
  const models = identities.map(({ modelSha256, preprocessing }) => `${modelSha256} ${preprocessing}`).toSorted();
  const hash = sha256Of(JSON.stringify([provider, models]));
  return `filter ${hash}`;
}

export function retainsKept({ app }: Workspace): boolean {
  return app.config.blobs.retain === 'kept';
}

async function depsOf(
  workspace: Workspace,
  parts: {
    engine: FilterEngine;
    completion: ReturnType<typeof completionOf> | null;
    lost: LostPhotos;
    options: FilterStageOptions;
  },
): Promise<FilterDeps> {
  const { engine, completion, lost, options } = parts;
  const onCompleted = (counts: CompletedCounts): void => {
    lost.name(counts.lost);
    options.onCompleted?.(counts);
  };
  return {
    ...(await decidingDeps(workspace, { engine, ...options })),
    setAside: lost,
    completing: completion === null ? undefined : { givenUp: completion.givenUp, onCompleted },
  };
}

/** Everything that decides photos as the collection's rules say. */
export async function decidingDeps(
  { app, scope, collection, ensemble }: Workspace,
  { engine, signal, onDecided }: Pick<FilterStageOptions, 'signal' | 'onDecided'> & Pick<FilterDeps, 'engine'>,
): Promise<FilterDeps> {
  return {
    db: app.db,
    scope,
    policy: filterPolicy(collection),
    memberIds: ensemble.memberIds,
    related: await findRelatedMembers(app.db, ensemble.memberIds),
    batchPhotos: app.config.filter.batchPhotos,
    leaksOf: leaksOf(app, scope.collectionId),
    engine,
    shouldStop: () => signal.aborted,
    onDecided,
  };
}

function definitionOf(
  workspace: Workspace,
  deps: FilterDeps,
  { threads, completion, lost }: { threads: number; completion: Completion | null; lost: LostPhotos },
): StageDefinition<FilterPayload> & { isAnyLeft(): Promise<boolean> } {
  const { app, scope } = workspace;
  const { db } = app;
  const prunePage = retainsKept(workspace) ? pagePruner(workspace) : null;
  return {
    name: 'filter',
    job: filterJob(scope.collectionId),
    pausedAs: { stage: 'filter', collectionId: scope.collectionId },
    // One job for each thread, and one more so that no thread waits for the database.
    concurrency: threads + 1,
    async handle(payload, job) {
      const onDecided = (counts: DecidedCounts): void => {
        countDecided(counts, job);
        deps.onDecided(counts);
      };
      const decided = await filterPage(payload, { ...deps, onDecided }).catch(async (error: unknown) => {
        if (codeOf(error) === OTHER_RULES) await requireRules(app, givenBy(workspace));
        throw error;
      });
      const moved = decided > 0;
      if (moved) await prunePage?.(payload.page);
      return { moved };
    },
    subjectOf: ({ page }) => ({ page }),
    jobsFor,
    workable: async function* () {
      yield* inPortions((after, limit) => undecidedPhotoIds(db, scope, { after, limit, except: lost.ids }), jobsFor);
      if (completion === null) return;
      yield* inPortions((after, limit) => incompletePhotoIds(db, completion, { after, limit }), jobsFor);
    },
    isAnyLeft: async () =>
      (await undecidedPhotoIds(db, scope, { ...FIRST, except: lost.ids })).length > 0 ||
      (completion !== null && (await incompletePhotoIds(db, completion, FIRST)).length > 0),
    countLeft: async () =>
      (await countToDecide(db, scope)).withBytes -
      (await countUndecided(db, scope, lost.ids)) +
      (completion === null ? 0 : await countIncomplete(db, completion)),
    requeueEveryMs: null,
    feedLock: [FEED_LOCK, scope.collectionId],
  };
}

function countDecided({ kept, dropped, failed, poisoned }: DecidedCounts, job: RunningJob): void {
  const count = (outcome: string, reason: string | null, photos: number): void =>
    photos === 0 ? undefined : job.count({ source: ANY_SOURCE, outcome, reason, count: photos });
  count('kept', null, kept);
  count('dropped', null, dropped);
  count('failed', 'poison', poisoned);
  count('failed', 'undecodable', failed - poisoned);
}

/** Looks up photos in the collection's reference sets as they are when it is called. */
function leaksOf(
  { db }: App,
  collectionId: number,
): (photoIds: readonly number[]) => Promise<ReadonlyMap<number, string>> {
  const finder = new LeakFinder();
  return async (photoIds) => {
    await storeLeaks(db, await finder.find(db, await hashedPhotos(db, photoIds)));
    return leakDetails(db, collectionId, photoIds);
  };
}

function jobsFor(ids: readonly number[]): FilterPayload[] {
  return pagesOf(ids).map((page) => ({ page }));
}
