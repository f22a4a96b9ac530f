import { backboneOf, headOf, requireModelFiles } from '../../models/engine/ensemble.process.ts';
import type { ClassSet } from '../../collection/class-set.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { collectStep } from '../../collection/collect-step.ts';
import { collectionAdvice } from '../../collection/collection-advice.ts';
import { checkCollection, type CollectionCheck } from '../../collection/collection.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { sourceOf, type SourceName, NETWORK_SOURCES } from '../../config/sources/sources.ts';
import { firstOf } from '../../collection/first-of.ts';
import { memberCard } from '../../collection/cards/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import type { Config } from '../../config/settings.ts';
import { messageOf, throwIfInterrupted, UsageError } from '../../kernel/errors.ts';
import { nextText, placeFlags } from '../../kernel/next-step.ts';
import { checkFolder, contentOfFolder } from '../../crawl/sources/folder/discover-folder.process.ts';
import { loadSource } from '../../crawl/sources/own/load-source.process.ts';
import { givenLicence, UNKNOWN_LICENCE } from '../../collection/licence.ts';
import { unlicensedFilesText } from './init.ts';
import { queryLines } from '../../library/crawl-plan.process.ts';
import { countText, linesText, plural, shellWord } from '../text/output.ts';
import { MODES } from '../../collection/modes.ts';
import type { QueryLine } from '../../crawl/candidates/wanted-class.ts';
import { SEARCHES, type SearchTerms } from '../../crawl/sources/searches.ts';
import { tableText } from '../text/table.ts';

export interface CollectionReport extends Omit<CollectionCheck, 'ensemble'> {
  readonly classes: readonly ClassSummary[];
}

export async function reportOn(nameOrPath: string, signal = AbortSignal.any([])): Promise<CollectionReport> {
  const checked = await checkCollection(nameOrPath);
  const { file, collection, problems, warnings } = checked;
  if (collection === null) return { file, collection, problems, warnings, classes: [] };
  try {
    const classes = await classSummaries(collection, queryLines(collection));
    const misfits = classes.flatMap(({ searches }) => Object.values(searches).flatMap((search) => search.problems));
    const remarks = [...(await fileRemarks(collection)), ...firstOf([...new Set(misfits)])];
    const advice = collectionAdvice(collection, await loadClassTable());
    const folder = await folderRemarks(collection, signal);
    return { file, collection, problems, warnings: [...warnings, ...remarks, ...folder, ...advice], classes };
  } catch (error) {
    throwIfInterrupted(signal);
    return { file, collection: null, problems: [messageOf(error)], warnings, classes: [] };
  }
}

/** Photos can be crawled, but not filtered, without the model files; and reviewed without the files of one's own sources. */
async function fileRemarks(collection: Collection): Promise<string[]> {
  const checks = collection.ensemble.map(async (name) => {
    const card = await memberCard(name, collection);
    await requireModelFiles([{ name, backbone: backboneOf(card), head: headOf(card) }]);
    return card.head?.sigmoid === true ? [sigmoidText(name, collection)] : [];
  });
  const files = collection.modules.map(({ path }) => loadSource(path).then(() => []));
  const results = await Promise.allSettled([...checks, ...files]);
  return results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : result.value));
}

function sigmoidText(name: string, { mode, policy }: Collection): string {
  const [limit, of] = mode === 'A' ? [policy.threshold, 'the searched class'] : [policy.minConfidence, 'a class'];
  return `The member '${name}' gives each class a p of its own (a sigmoid), whatever the other classes are: the limit ${limit} is that p of ${of}, not its share among the classes. docs/filtering.md says how to choose it.`;
}

/** A folder that was moved is no problem of the collection: `--from` names another one. @throws UsageError `unknown-licence` */
async function folderRemarks({ name, folder }: Collection, signal: AbortSignal): Promise<string[]> {
  if (folder === null) return [];
  const { from, licence } = folder;
  const { id } = licence === null ? { id: UNKNOWN_LICENCE } : givenLicence(licence, "'folder.licence'");
  try {
    if (id !== UNKNOWN_LICENCE) {
      await checkFolder(from, signal);
      return [];
    }
    const content = await contentOfFolder(from, signal);
    return content.withoutLicence > 0 ? [unlicensedFilesText(content, { name, from })] : [];
  } catch (error) {
    if (error instanceof UsageError) return [`'folder.from': ${messageOf(error)}`];
    throw error;
  }
}

const CLASSES_SHOWN = 30;

export function reportText(
  { file, collection, problems, warnings, classes }: CollectionReport,
  nameOrPath: string,
  crawl: Pick<Config['crawl'], 'contact'>,
): string {
  const again = `winnow collection check ${shellWord(nameOrPath)}`;
  return [
    ...(collection === null ? [] : [rulesText(collection), classesText(collection, classes, again)]),
    ...problems.map((problem) => `problem: ${problem}\n`),
    ...warnings.map((warning) => `warning: ${warning}\n`),
    ...(collection === null ? [] : differencesOf(collection)).map((line) => `differs ${line}\n`),
    collection === null
      ? `This collection cannot be used: ${plural(problems.length, 'problem')}.\nnext: edit ${displayPath(file)}, then ${again}\n`
      : `This collection can be used${warnings.length === 0 ? '' : `, with ${plural(warnings.length, 'warning')}`}.\n${nextText(collectStep(collection, placeFlags(nameOrPath), crawl))}`,
  ].join('');
}

function rulesText(collection: Collection): string {
  const { name, mode, classes, evidenceClasses, ensemble, modules, policy } = collection;
  const sources = [...collection.sources, ...modules.map(({ path }) => displayPath(path))];
  const cosine = policy.nearDuplicateCosine === null ? '' : ` or cosine ${policy.nearDuplicateCosine}`;
  return [
    `${name}: mode ${mode}, ${countOf(classes)} (list sha256 ${classes.sha256.slice(0, 16)}), sources ${sources.join(', ')}`,
    `the models choose among ${countOf(evidenceClasses)} (list sha256 ${evidenceClasses.sha256.slice(0, 16)})`,
    `ensemble ${ensemble.join(', ')}; ${MODES[mode].ruleText(collection)}, cap ${policy.cap}, near-duplicate distance ${policy.nearDuplicateDistance}${cosine}\n`,
  ].join('\n');
}

function countOf({ wnids }: Pick<ClassSet, 'wnids'>): string {
  return plural(wnids.length, 'class', 'classes');
}

function classesText({ subjects, sources }: Collection, classes: readonly ClassSummary[], again: string): string {
  const title = subjects.ids === null ? 'a kept photo is of any concept, taken for one of these classes:\n' : '';
  const more = classes.length - CLASSES_SHOWN;
  const rest = more > 0 ? `and ${countText(more)} more: ${again} --json lists them all\n` : '';
  const table = classTableText(classes.slice(0, CLASSES_SHOWN), sources);
  return `\n${title}${table}${rest}${unsearchedText(classes)}\n`;
}

/** Names, for each source, the classes that it cannot search. */
function unsearchedText(classes: readonly ClassSummary[]): string {
  const sources = Object.keys(classes[0]?.searches ?? {});
  return linesText(
    sources.map((source) => {
      const named = classes.flatMap(({ name, searches }) => {
        const { terms = [], hasLine = false } = searches[source] ?? {};
        return terms.length > 0 ? [] : [hasLine ? name : `${name} (needs a line in the queries file)`];
      });
      return (
        named.length > 0 && `${source} cannot search ${plural(named.length, 'class', 'classes')}: ${named.join(', ')}`
      );
    }),
  );
}

interface ClassSummary {
  readonly wnid: string;
  readonly name: string;
  /** The name, besides its wnid, that a folder of its photos may have; null if it is not searched for. */
  readonly folder: string | null;
  /** The searches at the sources that search, by source. The other sources are given their photos. */
  readonly searches: Readonly<Record<string, SearchSummary>>;
}

interface SearchSummary extends SearchTerms {
  /** False if it is searched by its name, because the queries file has no line for it. */
  readonly hasLine: boolean;
}

/** The searched classes (in mode O: concepts). If it takes any concept, the classes that a kept photo is taken for. */
async function classSummaries(
  { classes, subjects, sources }: Collection,
  lines: ReadonlyMap<string, QueryLine>,
): Promise<ClassSummary[]> {
  const { byWnid } = await loadClassTable();
  if (subjects.ids === null) {
    const { wnids, nameByWnid } = classes;
    return wnids.map((wnid) => ({ wnid, name: nameByWnid.get(wnid) ?? wnid, folder: null, searches: {} }));
  }
  return subjects.ids.map((wnid) => {
    const name = subjects.nameOf(wnid);
    const scientificName = byWnid.get(wnid)?.scientificName ?? null;
    const searchesOf = (source: SourceName): [string, SearchSummary][] => {
      const searched = NETWORK_SOURCES.find((one) => one === sourceOf(source).line);
      if (searched === undefined) return [];
      const entry = lines.get(wnid)?.[searched];
      const terms = SEARCHES[searched].terms({ wnid, name, scientificName, entry });
      return [[source, { ...terms, hasLine: entry !== undefined }]];
    };
    const found = subjects.resolveLabel(name);
    const folder = found.ok && found.wnid === wnid ? name : wnid;
    return { wnid, name, folder, searches: Object.fromEntries(sources.flatMap(searchesOf)) };
  });
}

function classTableText(classes: readonly ClassSummary[], sources: readonly SourceName[]): string {
  const searched = Object.keys(classes[0]?.searches ?? {});
  const hasFolders = sources.includes('folder') && classes.every(({ folder }) => folder !== null);
  const rows = classes.map(({ wnid, name, folder, searches: by }) => [
    wnid,
    name,
    ...(hasFolders ? [`${folder}/`] : []),
    ...searched.map((source) => searchText(by[source])),
  ]);
  return tableText(['wnid', 'name', ...(hasFolders ? ['folder'] : []), ...searched], rows);
}

function searchText(summary: SearchSummary | undefined): string {
  const { terms = [], hasLine = false } = summary ?? {};
  if (terms.length === 0) return hasLine ? 'nothing to ask for' : 'needs a line in the queries file';
  return hasLine ? plural(terms.length, 'search', 'searches') : `by name: ${terms.join(', ')}`;
}

/**
 * How a collection's filter differs from those of the paper and of torchvision. Sources: the paper, section 3.1; its
 * authors (natural-adv-examples, issue 3). 0.9055 is the least confidence in the file names that the audit of NINCO
 * lists.
 */
export function differencesOf({ mode, ensemble, heads, evidenceClasses }: Collection): readonly string[] {
  const isHead = heads.size > 0;
  const members = ensemble.map((name) => (heads.has(name) ? `${name} (a head: only its last layer is fitted)` : name));
  const here = `${members.join(' and ')}, ${isHead ? 'choosing among' : 'masked to'} ${plural(evidenceClasses.wnids.length, 'class', 'classes')}`;
  const paper = {
    A: `it filtered with two ResNet-50s, one masked to its 200 classes and one fine-tuned on them; here ${here}`,
    O: `it asked a ResNet-50 and names no confidence; 0.9 is the floor of the released set (0.9055); here ${ensemble.join(' and ')} decides`,
  };
  return [
    `from the paper (section 3.1): ${paper[mode]}`,
    "from torchvision's ImageFolder: EXIF orientation is applied (one in XMP or in a PNG text chunk is ignored), alpha is put on white, 16-bit grey counts by its high byte",
  ];
}
