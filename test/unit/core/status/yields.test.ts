import { describe, expect, it } from 'vitest';
import type { QueryReport } from '../../../../src/core/crawl/candidates/query.repository.ts';
import { funnelOf } from '../../../../src/core/status/funnel.ts';
import { queryYields, yieldsOf } from '../../../../src/core/status/yields.ts';
import { candidateCount, photoCount } from './counts.ts';

const report = (id: number, changes: Partial<QueryReport> = {}): QueryReport => ({
  id,
  source: 'flickr',
  wnid: 'n01',
  kind: 'search',
  title: 'wren',
  state: 'done',
  total: 900,
  seen: 10,
  problems: [],
  notes: [],
  notBefore: null,
  completedAt: null,
  ...changes,
});

const of = { wnid: 'n01', source: 'flickr', queryId: 2 };
const candidates = [
  candidateCount(1, 'found', of),
  candidateCount(4, 'fetched', of),
  candidateCount(2, 'failed', { ...of, reason: 'http-404' }),
  candidateCount(3, 'dropped', { ...of, reason: 'placeholder' }),
  candidateCount(2, 'fetched', { ...of, queryId: 3 }),
  candidateCount(10, 'fetched'),
];
const photos = [
  photoCount(1, 'kept', { ...of, listed: 'listed' }),
  photoCount(3, 'dropped', { ...of, reason: 'correct' }),
  photoCount(3, 'kept'),
];

const counts = { candidates, photos, verdicts: [] };

describe('yields', () => {
  it('of a query are what its own photos came to', () => {
    const rows = queryYields([report(2), report(3, { title: 'wrens' }), report(4)], counts, () => 'wren');
    const { id, notBefore, ...shown } = report(2);
    expect([id, notBefore]).toEqual([2, null]);
    expect(rows[0]).toEqual({
      ...shown,
      class: 'wren',
      goesOn: null,
      waiting: 1,
      fetched: 4,
      failed: 2,
      dropped: 3,
      kept: 1,
      yield: 0.25,
    });
    expect(rows.map((row) => row.yield)).toEqual([0.25, 0, null]);
  });

  it('leave out plans that went well, and say when an open query goes on', () => {
    const notBefore = new Date('2026-03-01T12:00:00Z');
    const rows = queryYields(
      [
        report(1, { kind: 'plan' }),
        report(5, { kind: 'plan', notes: ['searched by its name'] }),
        report(6, { state: 'open', notBefore }),
        report(7, { notBefore }),
      ],
      counts,
      () => 'wren',
    );
    expect(rows.map(({ kind, goesOn }) => [kind, goesOn])).toEqual([
      ['plan', null],
      ['search', '2026-03-01T12:00:00.000Z'],
      ['search', null],
    ]);
  });

  it('of classes and sources are those of the funnel', () => {
    const classes = [
      { wnid: 'n01', name: 'wren' },
      { wnid: 'n02', name: 'kite' },
    ];
    expect(yieldsOf(funnelOf({ collection: 'birds', mode: 'A', classes }, counts))).toEqual({
      total: { fetched: 16, kept: 4, yield: 0.25 },
      classes: [{ wnid: 'n01', name: 'wren', fetched: 16, kept: 4, yield: 0.25 }],
      sources: [
        { source: 'flickr', fetched: 6, kept: 1, yield: 1 / 6 },
        { source: 'folder', fetched: 10, kept: 3, yield: 0.3 },
      ],
    });
  });
});
