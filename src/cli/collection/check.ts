import { backboneOf, headOf, requireModelFiles } from '../../models/engine/ensemble.process.ts';
import type { ClassSet } from '../../collection/class-set.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { collectionAdvice } from '../../collection/collection-advice.ts';
import { checkCollection, type CollectionCheck } from '../../collection/collection.process.ts';
import type { Collection } from '../../collection/collection.ts';
import { sourceOf, type SourceName } from '../../config/sources/sources.ts';
import { firstOf } from '../../collection/first-of.ts';
import { memberCard } from '../../collection/cards/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { messageOf } from '../../kernel/errors.ts';
import { queryLines } from '../crawl/crawl-plan.ts';
import { countText, plural, shellWord } from '../text/output.ts';
import { classSummaries, classTableText, type ClassSummary } from './class-lines.ts';
import { differencesOf } from './differences.ts';
import { MODES } from '../../collection/modes.ts';

export interface CollectionReport extends Omit<CollectionCheck, 'ensemble'> {
  /** See `classSummaries`; empty if there are problems. */
  readonly classes: readonly ClassSummary[];
}

export async function reportOn(nameOrPath: string): Promise<CollectionReport> {
  const checked = await checkCollection(nameOrPath);
  const { file, collection, problems, warnings } = checked;
  if (collection === null) return { file, collection, problems, warnings, classes: [] };
  try {
    const classes = await classSummaries(collection, queryLines(collection));
    const misfits = classes.flatMap(({ searches }) => Object.values(searches).flatMap((search) => search.problems));
    const remarks = [...(await missingModels(collection)), ...firstOf([...new Set(misfits)])];
    const advice = collectionAdvice(collection, await loadClassTable());
    return { file, collection, problems, warnings: [...warnings, ...remarks, ...advice], classes };
  } catch (error) {
    return { file, collection: null, problems: [messageOf(error)], warnings, classes: [] };
  }
}

/** Photos can be crawled, but not filtered, without the model files. */
async function missingModels(collection: Collection): Promise<string[]> {
  const checks = collection.ensemble.map(async (name) => {
    const card = await memberCard(name, collection);
    await requireModelFiles([{ name, backbone: backboneOf(card), head: headOf(card) }]);
  });
  const results = await Promise.allSettled(checks);
  return results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
}

const CLASSES_SHOWN = 30;

export function reportText(
  { file, collection, problems, warnings, classes }: CollectionReport,
  nameOrPath: string,
): string {
  const again = `winnow collection check ${shellWord(nameOrPath)}`;
  return [
    ...(collection === null ? [] : [rulesText(collection), classesText(collection, classes, again)]),
    ...problems.map((problem) => `problem: ${problem}\n`),
    ...warnings.map((warning) => `warning: ${warning}\n`),
    ...(collection === null ? [] : differencesOf(collection)).map((line) => `differs ${line}\n`),
    collection === null
      ? `This collection cannot be used: ${plural(problems.length, 'problem')}.\nnext: edit ${displayPath(file)}, then ${again}\n`
      : `This collection can be used${warnings.length === 0 ? '' : `, with ${plural(warnings.length, 'warning')}`}.\nnext: ${nextCommand(collection.sources, nameOrPath)}\n`,
  ].join('');
}

function rulesText(collection: Collection): string {
  const { name, mode, classes, evidenceClasses, ensemble, sources, policy } = collection;
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
  return `\n${title}${classTableText(classes.slice(0, CLASSES_SHOWN), sources)}${rest}\n`;
}

function nextCommand([source = 'folder']: readonly SourceName[], nameOrPath: string): string {
  const flags = sourceOf(source).from?.flags ?? '--limit 100 --set crawl.contact=you@example.org';
  return `winnow crawl --collection ${shellWord(nameOrPath)} --source ${source} ${flags}`;
}
