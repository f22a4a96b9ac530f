import type { BudgetLeft, KeyBudget } from '../../crawl/network/budget.ts';
import type { QueryYield } from '../../status/yields.ts';
import { bytesText, countText, nonEmpty, percentText, plural } from '../text/output.ts';
import { tableText } from '../text/table.ts';

const TITLE_CHARS = 56;

export function queriesText(queries: readonly QueryYield[]): string {
  if (queries.length === 0)
    return 'no queries yet: winnow crawl --source inaturalist, commons, flickr or duckduckgo creates them\n';
  const rows = queries.filter(({ kind, state }) => kind === 'search' || state !== 'done');
  const table = tableText(
    [
      'class',
      'source',
      'query',
      'state',
      'reported',
      'seen',
      'waiting',
      'fetched',
      'kept',
      'yield',
      'goes on',
      'completed',
    ],
    rows.map((query) => [
      query.class,
      query.source,
      shortened(query.kind === 'plan' ? `(${query.title})` : query.title),
      query.state,
      query.total === null ? '' : countText(query.total),
      query.seen,
      query.waiting,
      query.fetched,
      query.kept,
      percentText(query.yield),
      query.goesOn ?? '',
      query.completedAt ?? '',
    ]),
  );
  const remarks = queries.flatMap(({ source, class: name, problems, notes }) => [
    ...problems.map((problem) => `problem: ${source}, ${name}: ${problem}`),
    ...notes.map((note) => `note: ${source}, ${name}: ${note}`),
  ]);
  return `${rows.length === 0 ? '' : table}${remarks.map((line) => `${line}\n`).join('')}`;
}

function shortened(title: string): string {
  return title.length <= TITLE_CHARS ? title : `${title.slice(0, TITLE_CHARS - 1)}…`;
}

/** `queries: 3 open, 40 done, 1 refused; 2 problems (status --queries)`; empty if there are none. */
export function queriesLine(queries: readonly QueryYield[]): string {
  if (queries.length === 0) return '';
  const states = (['open', 'done', 'refused'] as const).flatMap((state) => {
    const count = queries.filter((query) => query.kind === 'search' && query.state === state).length;
    return count === 0 ? [] : [`${countText(count)} ${state}`];
  });
  const problems = queries.reduce((sum, query) => sum + query.problems.length, 0);
  const parts = nonEmpty([states.join(', '), problems > 0 && plural(problems, 'problem')]);
  return `queries: ${parts.join('; ') || 'none planned yet'} (winnow status --queries lists them)\n`;
}

const HOSTS_SHOWN = 10;

export function budgetsText(budgets: readonly KeyBudget[]): string {
  const shown = [
    ...budgets.filter(({ key, waits }) => waits !== null || !key.startsWith('host:')),
    ...budgets.filter(({ key, waits }) => waits === null && key.startsWith('host:')).slice(0, HOSTS_SHOWN),
  ];
  if (shown.length === 0) return '';
  const areBlocks = shown.some(({ circuit }) => circuit !== 'closed');
  const table = tableText(
    [
      'budget',
      'left this minute',
      'left today',
      'bytes this hour',
      'bytes today',
      ...(areBlocks ? ['blocks in a row'] : []),
    ],
    shown.map(({ key, requestsPerMinute, requestsPerDay, bytesPerHour, bytesPerDay, circuit, blocks }) => [
      key,
      leftText(requestsPerMinute, countText),
      leftText(requestsPerDay, countText),
      leftText(bytesPerHour, bytesText),
      leftText(bytesPerDay, bytesText),
      ...(areBlocks ? [circuit === 'closed' ? '' : `${blocks} (${circuit})`] : []),
    ]),
  );
  const waits = shown.flatMap(({ waits: wait }) => (wait === null ? [] : [`${wait.why}\n`]));
  const more = budgets.length - shown.length;
  return `${table}${more > 0 ? `and ${plural(more, 'host')} more\n` : ''}${waits.join('')}`;
}

function leftText(budget: Pick<BudgetLeft, 'limit' | 'left'> | null, textOf: (amount: number) => string): string {
  return budget === null ? '' : `${textOf(budget.left)} of ${textOf(budget.limit)}`;
}
