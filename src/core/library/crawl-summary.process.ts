import type { SourceLeft, SourceStop } from '../crawl/sources/patience.ts';
import type { SourceCounts } from '../status/run-counts.ts';
import { sourceOf } from '../config/sources/sources.ts';
import { readBudgets } from '../crawl/network/politeness.process.ts';
import type { KeyBudget } from '../crawl/network/budget.ts';
import { PASSING_REASONS } from '../crawl/sources/retry-policy.ts';
import { countOf, countText, nonEmpty, shellWord } from '../kernel/texts.ts';
import { type StagesResult, sourcesOf } from './stages.process.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { queryReports } from '../crawl/candidates/query.repository.ts';
import { failedFiles } from '../crawl/candidates/candidate.repository.ts';
import { groupBy } from '../kernel/group-by.ts';
import { listNotices } from '../photo/notice.repository.ts';
import type { ClassRemark, CrawlPlan } from './crawl-plan.process.ts';

interface SourceSummary {
  readonly source: string;
  readonly found: number;
  readonly newPictures: number;
  readonly fetched: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Failed tries that are retried. */
  readonly putOff: number;
  readonly bytes: number;
  readonly photosPerSecond: number;
  readonly bytesPerSecond: number;
}

/** `winnow crawl --json`. */
export interface CrawlSummary extends CrawlRemarks {
  readonly seen: number;
  readonly newPictures: number;
  readonly ignored: number;
  readonly overLimit: number;
  readonly otherClasses: number;
  /** True if every source was read to its end. */
  readonly complete: boolean;
  readonly fetched: number;
  readonly notFetched: number;
  /** Pictures that are still to fetch. */
  readonly left: number;
  readonly openQueries: number;
  readonly durationSeconds: number;
  readonly sources: readonly SourceSummary[];
  /** Sources that were given up, and what is left to do there. */
  readonly stopped: readonly (SourceLeft &
    Omit<SourceStop, 'until'> & { readonly source: string; readonly until: string | null })[];
  readonly waits: readonly { readonly key: string; readonly until: string; readonly why: string }[];
  /** Sentences and commands for the user. */
  readonly next: readonly string[];
}

export interface SummaryParts {
  readonly result: StagesResult;
  readonly remarks: CrawlRemarks;
  readonly budgets: readonly KeyBudget[];
  /** `--collection birds --data data`, for the commands to run next. */
  readonly where: string;
  /** The command that goes on, without its sources: `winnow crawl --collection birds --limit 100`. */
  readonly command: string;
  /** Its `--from`, for the sources that take one. */
  readonly from?: string | undefined;
}

const NOTHING_WALKED = { ignored: 0, otherClasses: 0, complete: true, problems: [], notes: [] };

export function summaryOf(parts: SummaryParts): CrawlSummary {
  const outcome = outcomeOf(parts);
  return { ...outcome, next: nextSteps(outcome, parts) };
}

type Outcome = Omit<CrawlSummary, 'next'>;

function outcomeOf({ result, remarks, budgets }: SummaryParts): Outcome {
  const { counts, left, stopped, durationMs } = result;
  const { ignored, otherClasses, complete, problems, notes } = result.crawl ?? NOTHING_WALKED;
  return {
    seen: counts.total('found'),
    newPictures: counts.total('newPictures'),
    ignored,
    overLimit: counts.total('overLimit'),
    otherClasses,
    complete: complete && (left.discover ?? 0) === 0,
    fetched: counts.total('fetched'),
    notFetched: counts.total('notFetched'),
    left: left.fetch ?? 0,
    openQueries: left.discover ?? 0,
    durationSeconds: Math.round(durationMs) / 1000,
    sources: [...counts.sources].map(([source, one]) => sourceSummary(source, one, durationMs / 1000)),
    ...remarks,
    problems: [...problems, ...remarks.problems],
    notes: [...notes, ...undatedNotes(result), ...remarks.notes],
    stopped: [...stopped].map(([source, { until, ...stop }]) => ({
      source,
      ...stop,
      until: until?.toISOString() ?? null,
    })),
    waits: budgets.flatMap(({ key, waits }) => (waits === null ? [] : [{ key, until: waits.until, why: waits.why }])),
  };
}

function undatedNotes({ counts, since }: StagesResult): string[] {
  if (since === undefined) return [];
  return [...counts.sources].flatMap(([source, { undated }]) =>
    undated === 0 ? [] : [`${source}: kept ${countOf(undated, 'photo')} without a day of upload`],
  );
}

function sourceSummary(source: string, counts: SourceCounts, seconds: number): SourceSummary {
  const { found, newPictures, fetched, dropped, failed, putOff, bytes } = counts;
  const perSecond = (amount: number): number => (seconds <= 0 ? 0 : Math.round((amount / seconds) * 100) / 100);
  return {
    source,
    found,
    newPictures,
    fetched,
    dropped,
    failed,
    putOff,
    bytes,
    photosPerSecond: perSecond(fetched),
    bytesPerSecond: Math.round(perSecond(bytes)),
  };
}

function nextSteps(
  { complete, left, stopped, sources, fetched }: Outcome,
  { remarks, result, where, command, from }: SummaryParts,
): string[] {
  const passing = [...new Set(sources.flatMap(({ failed }) => Object.keys(failed)))].filter((reason) =>
    PASSING_REASONS.has(reason),
  );
  const isLookedThrough = complete && left === 0;
  return nonEmpty([
    remarks.problems.length > 0 &&
      'fix the queries of the classes with problems (in the queries file of the collection), then crawl again',
    ...stopped.map(({ source, until }) => {
      const isGiven = from !== undefined && (sourceOf(source)?.from ?? null) !== null;
      const flags = isGiven ? `--from ${shellWord(from)} --source ${source}` : `--source ${source}`;
      return `${command} ${flags}${until === null ? '' : ` # not before ${until}`}`;
    }),
    !isLookedThrough && stopped.length === 0 && 'run the command again: it continues where it stopped',
    passing.length > 0 &&
      `winnow retry --reason ${passing.toSorted().join(' ')}, then crawl again: these failures may have been temporary`,
    result.left.filter === undefined && fetched > 0 && isLookedThrough && `winnow filter ${where}`,
  ]);
}

export interface ExplainedClass {
  readonly source: string;
  readonly wnid: string;
  readonly name: string;
  readonly why: string;
}

interface CrawlRemarks {
  readonly problems: readonly string[];
  /** Classes without a line in the queries file, which are searched by their names, and why by these names. */
  readonly searchedByName: readonly ExplainedClass[];
  readonly notAsked: readonly ExplainedClass[];
  /** A sentence for whatever follows the queries file but may not be what was meant. */
  readonly notes: readonly string[];
}

export async function crawlSummary(
  workspace: Workspace,
  { plan, ...parts }: Omit<SummaryParts, 'remarks' | 'budgets'> & { readonly plan: CrawlPlan },
): Promise<CrawlSummary> {
  const isOnline = sourcesOf(plan).some((source) => source !== 'folder');
  return summaryOf({
    ...parts,
    remarks: await crawlRemarks(workspace, plan, parts.result),
    budgets: isOnline ? await readBudgets(workspace.app) : [],
  });
}

async function crawlRemarks(
  workspace: Workspace,
  plan: CrawlPlan,
  { counts, startMs }: Pick<StagesResult, 'counts' | 'startMs'>,
): Promise<CrawlRemarks> {
  const { nameOf } = workspace.collection.subjects;
  const remarks = remarksOf([...(await askedClasses(workspace, plan)), ...plan.walked], nameOf);
  const { db } = workspace.app;
  const withinMs = performance.now() - startMs;
  const notices = (await listNotices(db, { sources: sourcesOf(plan), withinMs })).map(
    ({ source, sha256, pictures }) =>
      `${source}: ${pictures} pictures have the same bytes (${sha256}), so they are a notice and not a photo. They are dropped as placeholder. Run winnow shortlist again for collections that listed them`,
  );
  const failures = await failureNotes(workspace, counts.sources.get('folder')?.failed ?? {}, withinMs);
  return { ...remarks, notes: [...notices, ...failures, ...remarks.notes] };
}

const FILES_NAMED = 3;

const CURES: Readonly<Record<string, string>> = {
  'unsupported-format':
    '. Convert HEIC, AVIF, TIFF and the like to JPEG, then crawl again, for example with ImageMagick: magick mogrify -format jpg *.heic',
};

/** Names the first files of folders that failed, for each reason that another try would not change. */
async function failureNotes(
  { app, scope }: Workspace,
  failed: SourceCounts['failed'],
  withinMs: number,
): Promise<string[]> {
  const notes: string[] = [];
  for (const [reason, count] of Object.entries(failed)) {
    if (PASSING_REASONS.has(reason)) continue;
    const named = await failedFiles(app.db, scope.collectionId, { reason, withinMs, limit: FILES_NAMED });
    const more = count > named.length ? ` and ${countText(count - named.length)} more` : '';
    if (named.length > 0) notes.push(`folder: ${reason}: ${named.join(', ')}${more}${CURES[reason] ?? ''}`);
  }
  return notes;
}

export function remarksOf(classes: readonly ClassRemark[], nameOf: (wnid: string) => string): CrawlRemarks {
  const explained = ({ source, wnid, notes }: ClassRemark): ExplainedClass => {
    return { source, wnid, name: nameOf(wnid), why: notes.join('; ') };
  };
  const others = classes.filter((one) => !isSearchedByName(one) && !isNotAsked(one));
  return {
    problems: classes.flatMap(({ source, wnid, problems }) =>
      problems.map((problem) => `${source}, ${nameOf(wnid)} (${wnid}): ${problem}`),
    ),
    searchedByName: classes.filter(isSearchedByName).map(explained),
    notAsked: classes.filter(isNotAsked).map(explained),
    notes: others.flatMap(({ source, notes }) => notes.map((note) => `${source}: ${note}`)),
  };
}

const isSearchedByName = ({ isSearched, hasLine }: ClassRemark): boolean => isSearched && !hasLine;

function isNotAsked({ isSearched, problems, notes }: ClassRemark): boolean {
  return !isSearched && problems.length === 0 && notes.length > 0;
}

async function askedClasses(
  { app, scope: { collectionId } }: Workspace,
  { network }: CrawlPlan,
): Promise<ClassRemark[]> {
  const sources = network.map(({ ready }) => ready.source.name);
  const wnids = [...new Set(network.flatMap(({ classes }) => [...classes.keys()]))];
  if (wnids.length === 0) return [];
  const bySource = groupBy(await queryReports(app.db, { collectionId, sources, wnids }), ({ source }) => source);
  return network.flatMap(({ ready, classes }) => {
    const { name } = ready.source;
    const byClass = groupBy(bySource.get(name) ?? [], ({ wnid }) => wnid);
    return [...classes.values()].map(({ wnid, entry }) => {
      const reports = byClass.get(wnid) ?? [];
      return {
        source: name,
        wnid,
        problems: reports.flatMap(({ problems }) => problems),
        notes: reports.filter(({ kind, state }) => kind === 'plan' && state === 'done').flatMap(({ notes }) => notes),
        isSearched: reports.some(({ kind }) => kind === 'search'),
        hasLine: entry !== undefined,
      };
    });
  });
}
