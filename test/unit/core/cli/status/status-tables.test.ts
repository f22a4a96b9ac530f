import { describe, expect, it } from 'vitest';
import { budgetsText, queriesLine, queriesText } from '../../../../../src/core/cli/status/status-tables.ts';
import type { KeyBudget } from '../../../../../src/core/crawl/network/budget.ts';
import type { QueryYield } from '../../../../../src/core/status/yields.ts';

const query: QueryYield = {
  source: 'flickr',
  wnid: 'n01',
  class: 'wren',
  kind: 'search',
  title: 'wren bird',
  state: 'open',
  total: 12_000,
  seen: 500,
  waiting: 80,
  dropped: 0,
  failed: 0,
  fetched: 400,
  kept: 30,
  yield: 0.075,
  problems: [],
  notes: [],
  goesOn: null,
  completedAt: null,
};
const plan: QueryYield = {
  ...query,
  kind: 'plan',
  state: 'done',
  title: 'what to ask for wren',
  problems: ['no such taxon'],
  notes: ['searched by its name'],
};

describe('the table of queries', () => {
  it('has a line for each search, and what there is to say below', () => {
    expect(queriesText([plan, query, { ...query, total: null, yield: null, title: 'x'.repeat(80) }])).toBe(
      [
        `class  source  query${' '.repeat(51)}  state  reported  seen  waiting  fetched  kept  yield  goes on  completed`,
        `wren   flickr  wren bird${' '.repeat(47)}  open   12,000     500       80      400    30  7.5 %`,
        `wren   flickr  ${'x'.repeat(55)}…  open              500       80      400    30`,
        'problem: flickr, wren: no such taxon',
        'note: flickr, wren: searched by its name',
        '',
      ].join('\n'),
    );
  });

  it('has a summary of one line', () => {
    expect(queriesLine([plan, query, { ...query, state: 'done' }, { ...query, state: 'done' }])).toBe(
      'queries: 1 open, 2 done; 1 problem (winnow status --queries lists them)\n',
    );
    expect(queriesLine([])).toBe('');
  });
});

const budget: KeyBudget = {
  key: 'source:flickr',
  requestsPerMinute: { limit: 55, left: 54 },
  requestsPerDay: null,
  bytesPerHour: null,
  bytesPerDay: null,
  waits: null,
  circuit: 'closed',
  blocks: 0,
};

describe('the table of budgets', () => {
  it('shows what is left, who waits and why, and not every host', () => {
    const hosts = Array.from({ length: 12 }, (_, i) => ({ ...budget, key: `host:h${i}` }));
    const media = { limit: 5e9, used: 1e9, left: 4e9 };
    const why = 'host:h0 waits until 2026-03-01T12:00:00.000Z: the site asked to wait (HTTP 429)';
    const waits = { reason: 'retry-after', until: '2026-03-01T12:00:00.000Z', why, said: 'HTTP 429' } as const;
    const text = budgetsText([
      { ...budget, key: 'host:h0', waits },
      budget,
      { ...budget, key: 'media:inaturalist', requestsPerMinute: null, bytesPerHour: media },
      ...hosts.slice(1),
    ]);
    expect(text.split('\n')).toEqual([
      'budget             left this minute  left today  bytes this hour   bytes today',
      'host:h0            54 of 55',
      'source:flickr      54 of 55',
      'media:inaturalist                                4.0 GB of 5.0 GB',
      ...hosts.slice(1, 11).map(({ key }) => `${key.padEnd(17)}  54 of 55`),
      'and 1 host more',
      why,
      '',
    ]);
  });

  it('counts blocks where there are some', () => {
    expect(budgetsText([{ ...budget, circuit: 'open', blocks: 2 }])).toMatch(/2 \(open\)\n$/);
    expect(budgetsText([])).toBe('');
  });
});
