import { startDiscovery, type NetworkDiscovery } from '../../crawl/discover/discover-stage.process.ts';
import { SOURCES } from '../../config/sources/sources.ts';
import { allowHyponyms, storeLimitOfCrawl } from '../../collection/collection.repository.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import type { Stage, StageOptions } from '../../runtime/work/stage-definition.ts';
import { steadyClock } from '../../kernel/clock.ts';
import { StopTheRun, UsageError } from '../../kernel/errors.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { SOURCE_MODULE_MISSING } from '../../crawl/sources/own/load-source.process.ts';
import { deleteIdleKeys } from '../../crawl/sources/permit.repository.ts';
import { clearStops } from '../../crawl/sources/source-stop.repository.ts';
import { planCrawl } from '../../library/crawl-plan.process.ts';
import { rulesOf } from '../../library/wanted.process.ts';

/**
 * When all queries are done, it waits for more. A source that refuses us is asked again after its pause.
 * @throws StopTheRun `no-source` if no source can be asked. If only some cannot, they are warnings
 */
export async function startDiscoveries(workspace: Workspace, options: StageOptions): Promise<Pick<Stage, 'serve'>> {
  const discoveries = await askableSources(workspace, options.signal);
  await deleteIdleKeys(workspace.app.db);
  // If the discovery of one source can never finish, the other sources stop as well.
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const ending = { ...options, signal, onFatal: () => failure.abort() };
  const stages: Stage[] = [];
  try {
    for (const discovery of discoveries) stages.push(await startOne(workspace, discovery, ending));
  } catch (error) {
    for (const stage of stages) await stage.stop();
    throw error;
  }
  return {
    async serve() {
      const ends = await Promise.allSettled(stages.map((stage) => stage.serve().finally(() => failure.abort())));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },
  };
}

async function startOne(
  workspace: Workspace,
  { ready, classes }: NetworkDiscovery,
  options: StageOptions,
): Promise<Stage> {
  const { app, scope, collection } = workspace;
  const allowed = await allowHyponyms(app.db, scope.collectionId, collection.allowHyponyms);
  const { limitPerClass } = app.config.crawl;
  await storeLimitOfCrawl(app.db, scope.collectionId, limitPerClass);
  await clearStops(app.db, scope.collectionId, [ready.source.name]);
  const rules = await rulesOf(collection, { allowed, searched: collection.subjects.ids });
  const log = app.log.child({ source: ready.source.name });
  const tellWait = everyMinute((why) => log.warn({ reason: why }, 'the source waits'), options.signal);
  return startDiscovery(app, {
    ...options,
    ready,
    classes,
    collectionId: scope.collectionId,
    rules,
    limitPerClass,
    stays: true,
    onPage: ({ wnid, seen, newPictures, overLimit }) => log.debug({ wnid, seen, newPictures, overLimit }, 'asked'),
    onWait: tellWait,
    onStopped: () => undefined,
  });
}

/** Reports at once why something waits, and again every minute, until it is given null. */
export function everyMinute(tell: (why: string) => void, signal: AbortSignal): (why: string | null) => void {
  let waits: string | null = null;
  const tellOnce = nowAndThen(tell);
  const repeat = (): void => {
    if (waits !== null) tellOnce(waits);
  };
  const timer = setInterval(repeat, WAIT_CHECK_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return (why) => {
    waits = why;
    repeat();
  };
}

const SAME_TEXT_EVERY_MS = 60_000;
const WAIT_CHECK_MS = 5_000;

/** Reports a text once a minute, however often it is given. Texts that differ only in a time count as the same. */
export function nowAndThen(tell: (text: string) => void): (text: string) => void {
  const told = new Map<string, number>();
  return (text) => {
    const kind = text.replaceAll(/\d{4}-\d\d-\d\dT\S+/g, '');
    const nowMs = steadyClock.nowMs();
    if (nowMs - (told.get(kind) ?? Number.NEGATIVE_INFINITY) < SAME_TEXT_EVERY_MS) return;
    told.set(kind, nowMs);
    tell(text);
  };
}

async function askableSources(workspace: Workspace, signal: AbortSignal): Promise<NetworkDiscovery[]> {
  const { app, collection } = workspace;
  const wnids = collection.subjects.ids;
  const network: NetworkDiscovery[] = [];
  const unasked: { source: string; reason: string }[] = [];
  for (const source of [...collection.sources, ...collection.modules.map(({ path }) => path)]) {
    if (SOURCES.some(({ name, isSearched }) => name === source && !isSearched)) {
      unasked.push({ source, reason: `it is not asked query by query: \`winnow crawl --source ${source}\` reads it` });
      continue;
    }
    try {
      const plan = await planCrawl(collection, app.config, { sources: [source], from: undefined, wnids, signal });
      network.push(...plan.network);
    } catch (error) {
      if (!(error instanceof UsageError) || error.code === SOURCE_MODULE_MISSING) throw error;
      unasked.push({ source, reason: error.message });
    }
  }
  if (network.length === 0) {
    const reasons = [...groupBy(unasked, ({ reason }) => reason)].map(
      ([reason, sources]) => `${sources.map(({ source }) => source).join(', ')}: ${reason}`,
    );
    throw new StopTheRun(
      `Expected a source of collection '${collection.name}' that can be asked but there is none. ${reasons.join('; ')}`,
      { code: 'no-source' },
    );
  }
  for (const one of unasked) app.log.warn(one, 'this source is not asked');
  return network;
}
