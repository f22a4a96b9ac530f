import type { Workspace } from '../app/workspace.ts';
import { queryReports, type QueryReport } from '../candidate/query.repository.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { ClassRemark, CrawlPlan } from './crawl-plan.ts';

export interface NamedClass {
  readonly source: string;
  readonly wnid: string;
  readonly name: string;
}

/** Classes that need a word when a crawl ends. */
export interface CrawlRemarks {
  /** A sentence each: classes that could not be asked for, in whole or in part. */
  readonly problems: readonly string[];
  /** Without a line in the queries file: searched by their names. */
  readonly searchedByName: readonly NamedClass[];
  /** That the source has nothing to be asked for, and why. */
  readonly notAsked: readonly (NamedClass & { readonly why: string })[];
}

export async function crawlRemarks(workspace: Workspace, plan: CrawlPlan): Promise<CrawlRemarks> {
  const { nameByWnid } = workspace.collection.classes;
  return remarksOf([...(await askedClasses(workspace, plan)), ...plan.walked], (wnid) => nameByWnid.get(wnid) ?? wnid);
}

export function remarksOf(classes: readonly ClassRemark[], nameOf: (wnid: string) => string): CrawlRemarks {
  const named = ({ source, wnid }: ClassRemark): NamedClass => ({ source, wnid, name: nameOf(wnid) });
  return {
    problems: classes.flatMap(({ source, wnid, problems }) =>
      problems.map((problem) => `${source}, ${nameOf(wnid)} (${wnid}): ${problem}`),
    ),
    searchedByName: classes.filter(({ isSearched, hasLine }) => isSearched && !hasLine).map(named),
    notAsked: classes
      .filter(({ isSearched, problems, notes }) => !isSearched && problems.length === 0 && notes.length > 0)
      .map((one) => ({ ...named(one), why: one.notes.join('; ') })),
  };
}

async function askedClasses({ app }: Workspace, { network }: CrawlPlan): Promise<ClassRemark[]> {
  const sources = network.map(({ ready }) => ready.source.name);
  const wnids = [...new Set(network.flatMap(({ classes }) => [...classes.keys()]))];
  if (wnids.length === 0) return [];
  const bySource = groupBy(await queryReports(app.db, { sources, wnids }), ({ source }) => source);
  return network.flatMap(({ ready, classes }) => {
    const { name } = ready.source;
    const byClass = groupBy(bySource.get(name) ?? [], ({ wnid }) => wnid);
    return [...classes.values()].map(({ wnid, entry }) =>
      remarkOf(byClass.get(wnid) ?? [], { source: name, wnid, hasLine: entry !== undefined }),
    );
  });
}

function remarkOf(
  reports: readonly QueryReport[],
  about: Pick<ClassRemark, 'source' | 'wnid' | 'hasLine'>,
): ClassRemark {
  return {
    ...about,
    problems: reports.flatMap(({ problems }) => problems),
    notes: reports.filter(({ kind }) => kind === 'plan').flatMap(({ notes }) => notes),
    isSearched: reports.some(({ kind }) => kind === 'search'),
  };
}
