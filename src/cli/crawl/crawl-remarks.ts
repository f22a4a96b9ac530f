import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { queryReports } from '../../crawl/candidates/query.repository.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { listNotices } from '../../photo/notice.repository.ts';
import { sourcesOf } from '../run/run-stages.ts';
import type { ClassRemark, CrawlPlan } from './crawl-plan.ts';

export interface ExplainedClass {
  readonly source: string;
  readonly wnid: string;
  readonly name: string;
  readonly why: string;
}

export interface CrawlRemarks {
  readonly problems: readonly string[];
  /** Classes without a line in the queries file, which are searched by their names, and why by these names. */
  readonly searchedByName: readonly ExplainedClass[];
  /** Classes for which the source cannot be searched, and why. */
  readonly notAsked: readonly ExplainedClass[];
  /** A sentence for whatever follows the queries file but may not be what was meant. */
  readonly notes: readonly string[];
}

export async function crawlRemarks(workspace: Workspace, plan: CrawlPlan, durationMs: number): Promise<CrawlRemarks> {
  const { nameOf } = workspace.collection.subjects;
  const remarks = remarksOf([...(await askedClasses(workspace, plan)), ...plan.walked], nameOf);
  const notices = (await listNotices(workspace.app.db, { sources: sourcesOf(plan), withinMs: durationMs })).map(
    ({ source, sha256, pictures }) =>
      `${source}: ${pictures} pictures have the same bytes (${sha256}), so they are a notice and not a photo. They are dropped as placeholder. Run winnow shortlist again for collections that listed them`,
  );
  return { ...remarks, notes: [...notices, ...remarks.notes] };
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

async function askedClasses({ app }: Workspace, { network }: CrawlPlan): Promise<ClassRemark[]> {
  const sources = network.map(({ ready }) => ready.source.name);
  const wnids = [...new Set(network.flatMap(({ classes }) => [...classes.keys()]))];
  if (wnids.length === 0) return [];
  const bySource = groupBy(await queryReports(app.db, { sources, wnids }), ({ source }) => source);
  return network.flatMap(({ ready, classes }) => {
    const { name } = ready.source;
    const byClass = groupBy(bySource.get(name) ?? [], ({ wnid }) => wnid);
    return [...classes.values()].map(({ wnid, entry }) => {
      const reports = byClass.get(wnid) ?? [];
      return {
        source: name,
        wnid,
        problems: reports.flatMap(({ problems }) => problems),
        notes: reports.filter(({ kind }) => kind === 'plan').flatMap(({ notes }) => notes),
        isSearched: reports.some(({ kind }) => kind === 'search'),
        hasLine: entry !== undefined,
      };
    });
  });
}
